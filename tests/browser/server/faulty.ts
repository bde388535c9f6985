/** A web server for a model folder that misbehaves on order, and keeps a log of what it sent. */
import { type FileHandle, open } from "node:fs/promises";
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
  /** Sends on to this address. */
  redirect?: string;
  /** Refuses the question whether other sites may send more than simple headers. */
  refusePreflight?: boolean;
  /** How many requests this is for; all if absent. */
  times?: number;
}

export interface LogEntry {
  method: string;
  /** Of the whole address. */
  path: string;
  /** Its last part. */
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
  "Access-Control-Expose-Headers": "ETag, Content-Range, Retry-After, X-Repo-Commit, X-Error-Code, X-Error-Message",
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
    const { pathname } = new URL(request.url ?? "/", this.address);
    const name = path.basename(pathname);
    if (this.budget <= 0) return void response.destroy();
    const { method = "" } = request;
    const { range, "if-range": ifRange } = request.headers;
    const entry = { method, path: pathname, file: name, range, ifRange: ifRange as string | undefined, status: 0, sent: 0 };
    this.log.push(entry);
    if (method === "OPTIONS") return this.#allow(name, entry, response);
    const order = this.#take(name);
    if (!order.private) for (const [name, value] of Object.entries(OPEN)) response.setHeader(name, value);
    if (order.redirect !== undefined) {
      entry.status = 302;
      return void response.writeHead(302, { Location: order.redirect }).end();
    }
    if (order.html || order.status !== undefined) return refuse(order, entry, response);
    const file = await open(path.join(this.folder, entry.file)).catch(() => null);
    if (file === null) return refuse({ status: 404 }, entry, response);
    await this.#send(order, entry, file, response).finally(() => file.close());
  }

  #allow(file: string, entry: LogEntry, response: http.ServerResponse): void {
    const refused = this.#orders.get(file)?.refusePreflight;
    entry.status = refused ? 403 : 204;
    const headers = refused ? {} : { ...OPEN, "Access-Control-Allow-Headers": "Range, If-Range" };
    response.writeHead(entry.status, headers).end();
  }

  async #send(order: Order, entry: LogEntry, file: FileHandle, response: http.ServerResponse): Promise<void> {
    const { size, mtimeMs } = await file.stat();
    const tag = order.tag ?? `"${size}-${mtimeMs}"`;
    const asked = order.ignoreRange ? null : rangeOf(entry, tag, size);
    const { start, end } = asked ?? { start: 0, end: size };
    for (const [name, value] of Object.entries(order.headers ?? {})) response.setHeader(name, value);
    response.setHeader("ETag", tag);
    if (start >= size && size > 0) {
      entry.status = 416;
      return void response.writeHead(416).end();
    }
    entry.status = asked ? 206 : 200;
    response.statusCode = entry.status;
    response.setHeader("Accept-Ranges", "bytes");
    response.setHeader("Content-Length", end - start);
    response.setHeader("Content-Type", "application/octet-stream");
    if (asked) response.setHeader("Content-Range", `bytes ${start}-${end - 1}/${size}`);
    if (entry.method === "HEAD") return void response.end();
    const stop = Math.min(end, order.kill ?? end, order.stall ?? end);
    for (let at = start; at < stop; at += CHUNK) {
      const chunk = spoil(await read(file, at, Math.min(CHUNK, stop - at)), at, order);
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

/** The bytes that a request asks for; null for all. */
function rangeOf({ range, ifRange }: LogEntry, tag: string, size: number): { start: number; end: number } | null {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined || (ifRange !== undefined && ifRange !== tag)) return null;
  return { start: Number(first), end: last ? Math.min(Number(last) + 1, size) : size };
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** Part of a file from byte `at` on, with what is ordered to be wrong. */
function spoil(bytes: Buffer, at: number, { flip, zeros }: Order): Buffer {
  if (zeros) return Buffer.alloc(bytes.length);
  if (flip === undefined || flip < at || flip >= at + bytes.length) return bytes;
  bytes[flip - at] = ~(bytes[flip - at] ?? 0);
  return bytes;
}

function refuse({ status = 200, headers = {}, html }: Order, entry: LogEntry, response: http.ServerResponse) {
  entry.status = status;
  const type = html ? { "Content-Type": "text/html; charset=utf-8" } : {};
  response.writeHead(status, { ...type, ...headers }).end(html ? "<!doctype html><title>Sign in</title>" : "");
}
