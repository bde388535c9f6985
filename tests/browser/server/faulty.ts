/** A web server for a model folder that misbehaves on order, and keeps a log of what it sent. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

/** What to do wrong with one file. Places are counted from the file's start. */
export interface Order {
  /** Breaks the connection there; the browser may lose what it has not read by then. */
  kill?: number;
  /** Sends nothing more from there on, and keeps the connection until `drop`. */
  stall?: number;
  /** Sends this byte with its bits turned over. */
  flip?: number;
  /** Sends zeros. */
  zeros?: boolean;
  /** Responds to a range request with the whole file. */
  ignoreRange?: boolean;
  /** Another entity tag than the file's own. */
  tag?: string;
  status?: number;
  headers?: Record<string, string>;
  /** A web page in place of the file. */
  html?: boolean;
  /** Lets no other site read it. */
  private?: boolean;
  /** Refuses the question whether other sites may send more than simple headers. */
  refusePreflight?: boolean;
  /** How many requests this is for; all if absent. */
  times?: number;
}

export interface LogEntry {
  method: string;
  file: string;
  range: string | undefined;
  ifRange: string | undefined;
  status: number;
  /** Body bytes given to the connection. */
  sent: number;
}

const CHUNK = 64 << 10;
const OPEN = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "ETag, Content-Range, Retry-After",
};

export class FaultyServer {
  readonly log: LogEntry[] = [];
  /** Milliseconds between two chunks of 64 KiB. */
  pause = 0;
  /** After so many body bytes nothing more is sent, and new connections are broken. */
  budget = Number.POSITIVE_INFINITY;
  readonly #orders = new Map<string, Order>();
  #server: http.Server | null = null;
  #port: number;

  /** Serves the files of `folder`, by their last path part, whatever comes before it, on any port unless one is given. */
  constructor(
    private readonly folder: string,
    port = 0,
  ) {
    this.#port = port;
  }

  get address(): string {
    return `http://localhost:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = http.createServer((request, response) => {
      this.#respond(request, response).catch(() => response.destroy());
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  }

  /** Breaks all connections. */
  drop(): void {
    this.#server?.closeAllConnections();
  }

  order(file: string, order: Order): void {
    this.#orders.set(file, { ...order });
  }

  /** Behaves from now on, and forgets what was. */
  reset(): void {
    this.#orders.clear();
    this.log.length = 0;
    this.budget = Number.POSITIVE_INFINITY;
    this.pause = 0;
  }

  /** Requests for one file's bytes. */
  requests(file: string): LogEntry[] {
    return this.log.filter((entry) => entry.file === file && entry.method === "GET");
  }

  #take(file: string): Order {
    const order = this.#orders.get(file);
    if (order === undefined) return {};
    if (order.times !== undefined && --order.times <= 0) this.#orders.delete(file);
    return { ...order };
  }

  async #respond(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const file = path.basename(new URL(request.url ?? "/", this.address).pathname);
    if (this.budget <= 0) return void response.destroy();
    const { method = "" } = request;
    const { range, "if-range": ifRange } = request.headers;
    const entry = { method, file, range, ifRange: ifRange as string | undefined, status: 0, sent: 0 };
    this.log.push(entry);
    if (method === "OPTIONS") return this.#allow(file, entry, response);
    const order = this.#take(file);
    if (!order.private) for (const [name, value] of Object.entries(OPEN)) response.setHeader(name, value);
    if (order.html || order.status !== undefined) return refuse(order, entry, response);
    await this.#send(order, entry, response);
  }

  #allow(file: string, entry: LogEntry, response: http.ServerResponse): void {
    const refused = this.#orders.get(file)?.refusePreflight;
    entry.status = refused ? 403 : 204;
    const headers = refused ? {} : { ...OPEN, "Access-Control-Allow-Headers": "Range, If-Range" };
    response.writeHead(entry.status, headers).end();
  }

  async #send(order: Order, entry: LogEntry, response: http.ServerResponse): Promise<void> {
    const bytes = await readFile(path.join(this.folder, entry.file)).catch(() => null);
    if (bytes === null) return refuse({ status: 404 }, entry, response);
    const body = spoil(bytes, order);
    const tag = order.tag ?? `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
    const start = order.ignoreRange ? 0 : startOf(entry, tag);
    entry.status = start > 0 ? 206 : 200;
    response.statusCode = entry.status;
    response.setHeader("ETag", tag);
    response.setHeader("Accept-Ranges", "bytes");
    response.setHeader("Content-Length", body.length - start);
    response.setHeader("Content-Type", "application/octet-stream");
    if (start > 0) response.setHeader("Content-Range", `bytes ${start}-${body.length - 1}/${body.length}`);
    if (entry.method === "HEAD") return void response.end();
    const end = Math.min(order.kill ?? body.length, order.stall ?? body.length);
    for (let at = start; at < end; at += CHUNK) {
      const chunk = body.subarray(at, Math.min(at + CHUNK, end));
      if (this.budget < chunk.length) {
        this.budget = 0;
        return;
      }
      if (response.destroyed) return;
      this.budget -= chunk.length;
      await new Promise((resolve) => response.write(chunk, resolve));
      entry.sent += chunk.length;
      if (this.pause > 0) await new Promise((resolve) => setTimeout(resolve, this.pause));
    }
    if (order.stall !== undefined) return;
    if (order.kill === undefined) return void response.end();
    response.destroy();
  }
}

/** Where a response to this request begins. */
function startOf({ range, ifRange }: LogEntry, tag: string): number {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  return ifRange === undefined || ifRange === tag ? start : 0;
}

function spoil(bytes: Buffer, { flip, zeros }: Order): Buffer {
  if (zeros) return Buffer.alloc(bytes.length);
  if (flip === undefined) return bytes;
  const spoiled = Buffer.from(bytes);
  spoiled[flip] = ~(spoiled[flip] ?? 0);
  return spoiled;
}

function refuse({ status = 200, headers = {}, html }: Order, entry: LogEntry, response: http.ServerResponse) {
  entry.status = status;
  const type = html ? { "Content-Type": "text/html; charset=utf-8" } : {};
  response.writeHead(status, { ...type, ...headers }).end(html ? "<!doctype html><title>Sign in</title>" : "");
}
