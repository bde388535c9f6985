/** The page's behavior, with a stand-in for the wasm module. */
import path from "node:path";
import { defineConfig } from "@playwright/test";
import { base, FAKE, WEB } from "./base";

const site = path.join(import.meta.dirname, ".site");
const vite = `npx vite`;
const command = `cd ${WEB} && ${vite} build --outDir ${site} && ${vite} preview --outDir ${site} --port 4173 --strictPort`;
process.env.ASKMASK_FAKE = FAKE;
// The one other host that the page's policy allows in these tests; see models.ts.
process.env.ASKMASK_MODEL_HOSTS = "http://localhost:4190";

export default defineConfig({ ...base(4173, command), testDir: "page" });
