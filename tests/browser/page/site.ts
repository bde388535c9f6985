/** A copy of the built site on a server of its own, which can change and vanish. */
import { createHash } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";

const STAND_IN = path.join(import.meta.dirname, "../.site");
const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
};

export class Site {
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  /** As for a private window, which keeps nothing large. */
  cache = "no-cache";
  #server: Server | null = null;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /** A copy of the site with the stand-in for wasm, or of another one. */
  static async copyTo(folder: string, port: number, built = STAND_IN): Promise<Site> {
    await cp(built, folder, { recursive: true });
    return new Site(folder, port);
  }

  get address(): string {
    return `http://localhost:${this.port}/`;
  }

  start(): Promise<void> {
    this.#server = createServer(async ({ url = "/" }, response) => {
      const { pathname } = new URL(url, this.address);
      this.requests.push(pathname);
      const file = path.join(this.folder, pathname === "/" ? "index.html" : pathname);
      const body = await readFile(file).catch(() => null);
      const type = TYPES[path.extname(file)] ?? "application/octet-stream";
      const headers = { "Content-Type": type, "Cache-Control": this.cache };
      response.writeHead(body === null ? 404 : 200, headers);
      response.end(body);
    });
    return new Promise((resolve) => this.#server?.listen(this.port, resolve));
  }

  stop(): Promise<void> {
    this.#server?.closeAllConnections();
    return new Promise((resolve) => {
      if (this.#server === null) resolve();
      else this.#server.close(() => resolve());
    });
  }

  /** Publishes a new build: the page's title and, unless it lies, the list say so. */
  async publish(title: string, list: "right" | "wrong" = "right"): Promise<void> {
    const page = path.join(this.folder, "index.html");
    const before = await readFile(page, "utf8");
    const after = before.replace(/<title>.*<\/title>/, `<title>${title}</title>`);
    const worker = path.join(this.folder, "sw.js");
    const code = await readFile(worker, "utf8");
    const integrity = list === "right" ? hash(after) : hash("something else");
    const build = JSON.stringify(createHash("sha256").update(title).digest("hex").slice(0, 12));
    await writeFile(page, after);
    await writeFile(
      worker,
      code.replace(hash(before), integrity).replace(/"build":"\w+"/, `"build":${build}`),
    );
  }
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
