import path from "node:path";
import { defineConfig } from "vitest/config";
import { offline, SERVICE_WORKER } from "./vite.offline.ts";
import {
  CONTENT_SECURITY_POLICY,
  contentSecurityPolicy,
  MODEL_HOSTS,
  models,
} from "./vite.plugins.ts";

const here = import.meta.dirname;

/**
 * The browser tests set this to a folder with a stand-in for the wasm module
 * and a public folder of its own; nothing of it reaches a normal build.
 */
const fake = process.env.ASKMASK_FAKE;

export default defineConfig({
  // Relative addresses: the site works in any folder of any static host.
  base: "./",
  publicDir: fake ? path.join(fake, "public") : "public",
  define: { __MODEL_HOSTS__: JSON.stringify(MODEL_HOSTS) },
  resolve: {
    alias: {
      "askmask-wasm": fake
        ? path.join(fake, "askmask_web.ts")
        : path.join(here, "wasm-pkg/askmask_web.js"),
    },
  },
  plugins: [
    contentSecurityPolicy(),
    fake ? [] : models(path.join(here, "../models"), ["nano"]),
    offline(),
  ],
  worker: { format: "es" },
  build: {
    target: "es2023",
    // Inlined files would be data: addresses, which the policy forbids.
    assetsInlineLimit: 0,
    emptyOutDir: true,
    rolldownOptions: {
      input: {
        index: path.join(here, "index.html"),
        element: path.join(here, "element.html"),
        [SERVICE_WORKER]: path.join(here, "sw/main.ts"),
      },
      output: {
        entryFileNames: ({ name }) =>
          name === SERVICE_WORKER ? "[name].js" : "assets/[name]-[hash].js",
      },
    },
  },
  preview: { headers: { "Content-Security-Policy": CONTENT_SECURITY_POLICY } },
  test: { include: ["test/**/*.test.ts"] },
});
