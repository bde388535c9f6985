/** The model store against a server that misbehaves, with a stand-in for the wasm module. */
import path from "node:path";
import { defineConfig } from "@playwright/test";
import { base, FAKE, WEB, WEBGPU } from "./base";

const site = path.join(import.meta.dirname, ".site-store");
const harness = path.join(import.meta.dirname, "harness");
const vite = `npx vite`;
const options = `${harness} --config ${harness}/vite.config.ts --outDir ${site}`;
const command = `cd ${WEB} && ${vite} build ${options} && ${vite} preview ${options} --port 4175 --strictPort`;
process.env.ASKMASK_FAKE = FAKE;

export default defineConfig({ ...base(4175, command, WEBGPU), testDir: "store" });
