/** Builds the harness with the stand-in for the wasm module, or with the real one and nano. */
import path from "node:path";
import { models } from "../../../web/vite.plugins.ts";

const web = path.join(import.meta.dirname, "../../../web");
const fake = process.env.ASKMASK_FAKE;
const wasm = path.join(web, "wasm-pkg/askmask_web.js");

export default {
  root: import.meta.dirname,
  base: "./",
  publicDir: fake ? path.join(fake, "public") : false,
  resolve: { alias: { "askmask-wasm": fake ? path.join(fake, "askmask_web.ts") : wasm } },
  plugins: fake ? [] : [models(path.join(web, "../models"), ["nano"])],
  worker: { format: "es" },
  build: { target: "es2023", emptyOutDir: true },
};
