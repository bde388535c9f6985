import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Plugin } from "vite";
import type { Group, Site, SiteFile } from "./sw/site.ts";

/** The service worker's entry and file; its address must not change between builds. */
export const SERVICE_WORKER = "sw";
const FILE = `${SERVICE_WORKER}.js`;

/** What the page and the service worker read the build's name from. */
const META = "askmask-build";

type Contents = Map<string, string | Uint8Array>;

/**
 * Writes the list of all files with their hashes into the service worker, and
 * the build's name into the pages.
 */
export function offline(): Plugin {
  let publicDir = "";
  return {
    name: "askmask-offline",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle: {
      // After every other plugin has added its files.
      order: "post",
      async handler(_, bundle) {
        const contents: Contents = await readAll(publicDir);
        for (const [name, output] of Object.entries(bundle)) {
          contents.set(name, output.type === "chunk" ? output.code : output.source);
        }
        const build = nameOf(contents);
        for (const [name, output] of Object.entries(bundle)) {
          if (output.type !== "asset" || !name.endsWith(".html")) continue;
          const tag = `<meta name="${META}" content="${build}">`;
          output.source = String(output.source).replace("<head>", `<head>\n    ${tag}`);
          contents.set(name, output.source);
        }
        contents.delete(FILE);
        const worker = bundle[FILE];
        if (worker?.type !== "chunk") return this.error("the service worker was not built");
        if (worker.imports.length > 0) this.error(`${FILE} imports ${worker.imports.join(", ")}`);
        const site: Site = { build, files: [...contents].map(describe) };
        worker.code = worker.code.replace("__SITE__", () => JSON.stringify(site));
      },
    },
  };
}

async function readAll(folder: string): Promise<Contents> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = async ({ parentPath, name }: (typeof files)[number]) => {
    const file = path.join(parentPath, name);
    const relative = path.relative(folder, file).split(path.sep).join("/");
    return [relative, await readFile(file)] as const;
  };
  return new Map(await Promise.all(files.map(read)));
}

/** Twelve hexadecimal digits that change with any name or byte. */
function nameOf(contents: Contents): string {
  const hash = createHash("sha256");
  for (const name of [...contents.keys()].sort()) {
    hash.update(`${name}\n`).update(sha256(contents.get(name) ?? ""));
  }
  return hash.digest("hex").slice(0, 12);
}

function describe([name, content]: [string, string | Uint8Array]): SiteFile {
  const integrity = `sha256-${sha256(content).toString("base64")}`;
  return { path: name, integrity, group: groupOf(name) };
}

function groupOf(name: string): Group {
  if (name.startsWith("models/")) return "model";
  return name.endsWith(".wasm") ? "program" : "page";
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}
