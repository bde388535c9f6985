import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Plugin } from "vite";

/** The hub and the hosts that its downloads are sent on to. */
const HUB_HOSTS = "https://huggingface.co https://*.huggingface.co https://*.hf.co";

const HOST = /^https?:\/\/(\*\.)?[a-z\d-]+(\.[a-z\d-]+)*(:\d+)?$/i;

/**
 * Where models may come from, besides our own origin. `ASKMASK_MODEL_HOSTS`
 * replaces the hub by other hosts, apart by spaces; empty means none.
 */
export function modelHosts(list = HUB_HOSTS): string[] {
  const hosts = list.split(/\s+/).filter((host) => host !== "");
  const wrong = hosts.find((host) => !HOST.test(host));
  if (wrong !== undefined) throw new Error(`ASKMASK_MODEL_HOSTS: ${wrong} is no host.`);
  return hosts;
}

export const MODEL_HOSTS = modelHosts(process.env.ASKMASK_MODEL_HOSTS);

/** Everything from our own origin, models also from `hosts`; only wasm may compile. */
export function policy(hosts: readonly string[]): string {
  return [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    ["connect-src 'self'", ...hosts].join(" "),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

export const CONTENT_SECURITY_POLICY = policy(MODEL_HOSTS);

/** Writes the policy into the built page; Vite's dev server needs inline styles. */
export function contentSecurityPolicy(): Plugin {
  return {
    name: "askmask-csp",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: CONTENT_SECURITY_POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

/** A model folder's files that the browser needs; cards and notes stay out. */
const MODEL_FILE = /^(config\.json|tokenizer\.json|.*\.safetensors)$/;

/**
 * Serves `models/<id>/` from `root`, with a `files.json` that lists each file's
 * name, size and SHA-256; a build copies the same into the site.
 */
export function models(root: string, ids: readonly string[]): Plugin {
  return {
    name: "askmask-models",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const match = /^\/models\/([\w-]+)\/([\w.-]+)/.exec(request.url ?? "");
        const [, id = "", file = ""] = match ?? [];
        if (!ids.includes(id)) return next();
        const folder = path.join(root, id);
        if (file === "files.json") {
          listFiles(folder).then((list) => response.end(JSON.stringify(list)), next);
        } else if (MODEL_FILE.test(file)) {
          createReadStream(path.join(folder, file)).on("error", next).pipe(response);
        } else next();
      });
    },
    async generateBundle() {
      for (const id of ids) {
        const folder = path.join(root, id);
        const list = await listFiles(folder);
        if (!list.some(({ name }) => name.endsWith(".safetensors"))) {
          this.error(`${folder} holds no weights`);
        }
        const emit = (name: string, source: Uint8Array | string) =>
          this.emitFile({ type: "asset", fileName: `models/${id}/${name}`, source });
        for (const { name } of list) emit(name, await readFile(path.join(folder, name)));
        emit("files.json", JSON.stringify(list));
      }
    },
  };
}

async function listFiles(folder: string) {
  const names = (await readdir(folder)).filter((name) => MODEL_FILE.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(path.join(folder, name));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { name, bytes: bytes.length, sha256 };
    }),
  );
}
