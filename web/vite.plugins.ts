import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
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

/** Everything from our own origin, models and pictures also from `hosts`; only wasm may compile. */
export function policy(hosts: readonly string[]): string {
  return [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    // The last two are bytes that are here already: pictures that were dragged from a page.
    ["connect-src 'self' blob: data:", ...hosts].join(" "),
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

const MANIFEST = "manifest.json";

/** What the site needs of a model's manifest. */
interface Manifest {
  files: { name: string; bytes: number; sha256: string }[];
}

/**
 * Serves `models/<id>/` from `root`: the manifest and the files that it names.
 * A build copies the same into the site, and fails where they differ.
 */
export function models(root: string, ids: readonly string[]): Plugin {
  return {
    name: "askmask-models",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const match = /^\/models\/([\w-]+)\/([\w-][\w.-]*)$/.exec(request.url ?? "");
        const [, id = "", file = ""] = match ?? [];
        if (!ids.includes(id)) return next();
        createReadStream(path.join(root, id, file))
          .on("error", next)
          .pipe(response);
      });
    },
    async generateBundle() {
      for (const id of ids) {
        const folder = path.join(root, id);
        const emit = (name: string, source: Uint8Array) =>
          this.emitFile({ type: "asset", fileName: `models/${id}/${name}`, source });
        const text = await readFile(path.join(folder, MANIFEST));
        emit(MANIFEST, text);
        for (const { name, bytes, sha256 } of (JSON.parse(text.toString()) as Manifest).files) {
          const content = await readFile(path.join(folder, name));
          const hash = createHash("sha256").update(content).digest("hex");
          if (content.length !== bytes || hash !== sha256) {
            this.error(`${folder}/${name} is not the file that ${MANIFEST} names`);
          }
          emit(name, content);
        }
      }
    },
  };
}
