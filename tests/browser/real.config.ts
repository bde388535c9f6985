/** The built site with the real wasm module and model, on CPU and on WebGPU. */
import { defineConfig } from "@playwright/test";
import { base, WEB, WEBGPU } from "./base";

const command = `npm --prefix ${WEB} run preview -- --port 4174 --strictPort`;

export default defineConfig({
  ...base(4174, command, WEBGPU),
  testDir: "real",
  timeout: 600_000,
});
