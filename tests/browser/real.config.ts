/** The built site with the real wasm module and model, on CPU and on WebGPU. */
import { defineConfig } from "@playwright/test";
import { base, HARNESS, harness, WEB, WEBGPU } from "./base";

const site = base(4174, `npm --prefix ${WEB} run preview -- --port 4174 --strictPort`, WEBGPU);
const library = { ...site.webServer, command: harness(".site-library", 4176), url: HARNESS };

export default defineConfig({
  ...site,
  webServer: [site.webServer, library].flat().filter((server) => server !== undefined),
  testDir: "real",
  timeout: 600_000,
});
