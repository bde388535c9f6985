/** The model store against a server that misbehaves, with a stand-in for the wasm module. */
import { defineConfig } from "@playwright/test";
import { base, FAKE, harness, WEBGPU } from "./base";

process.env.ASKMASK_FAKE = FAKE;

export default defineConfig({ ...base(4175, harness(".site-store", 4175), WEBGPU), testDir: "store" });
