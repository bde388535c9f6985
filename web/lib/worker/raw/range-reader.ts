/** Reads one file after the other over HTTP, each from its start to its end if it can be. */

import type { RetryPolicy } from "../../models";
import type { Hold } from "../../protocol";
import { CONTINUES, FetchFault, isHtml, refusal, webPage } from "../store/http-faults";
import { HttpResponse } from "../store/http-response";
import type { Version } from "../store/records";
import { withRetries } from "../store/retry";
import { VersionChanged } from "./repository";

/** Bytes that are read and dropped rather than asked for anew behind them. */
const SKIP = 1 << 20;

export interface ReaderContext {
  signal: AbortSignal;
  retry: RetryPolicy;
  onHold(hold: Hold, note: string): void;
}

/** A response under way. */
interface Open {
  file: string;
  reply: HttpResponse;
  chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  /** What came and was not asked for yet. */
  rest: Uint8Array<ArrayBuffer>;
  /** Where `rest` begins in the file. */
  at: number;
  /** How far ahead it is read on rather than asked anew. */
  skip: number;
}

export class RangeReader {
  #open: Open | null = null;

  constructor(
    private readonly addressOf: (file: string) => URL,
    private readonly context: ReaderContext,
  ) {}

  async read(
    file: string,
    version: Version,
    offset: number,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const into = new Uint8Array(length);
    let filled = 0;
    const attempt = async () => {
      while (filled < length) {
        const chunk = await this.#next(file, version, offset + filled, length - filled);
        into.set(chunk, filled);
        filled += chunk.length;
      }
    };
    const { retry, signal, onHold } = this.context;
    const onFault = (message: string) => onHold("retrying", message);
    await withRetries(attempt, () => filled, { retry, signal, onFault });
    return into;
  }

  close(): void {
    this.#open?.reply.close();
    this.#open = null;
  }

  /** At least one byte from `at` on, at most `most`. */
  async #next(
    file: string,
    version: Version,
    at: number,
    most: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    try {
      let open = this.#open;
      const ahead = open?.file === file ? at - open.at : -1;
      if (open === null || ahead < 0 || ahead > open.rest.length + open.skip) {
        this.close();
        open = await this.#ask(file, version, at);
        this.#open = open;
      }
      while (open.at + open.rest.length <= at) await this.#more(open);
      const start = at - open.at;
      const chunk = open.rest.subarray(start, start + most);
      open.rest = open.rest.subarray(start + chunk.length);
      open.at = at + chunk.length;
      return chunk;
    } catch (fault) {
      // Another try asks anew, from there on.
      this.close();
      throw fault;
    }
  }

  async #more(open: Open): Promise<void> {
    const { value } = await open.chunks.next();
    if (value === undefined) throw new FetchFault(`${open.file} ended early.`, CONTINUES, true);
    open.at += open.rest.length;
    open.rest = value;
  }

  async #ask(file: string, version: Version, at: number): Promise<Open> {
    const { retry, signal } = this.context;
    const headers = { Range: `bytes=${at}-` };
    const request = { url: this.addressOf(file), file, headers, cache: "no-store" } as const;
    const reply = await HttpResponse.fetch(request, retry, signal);
    try {
      const start = startOf(reply.response, file, version, at);
      const chunks = reply.chunks(signal)[Symbol.asyncIterator]();
      // A server without ranges would begin at the start again.
      const skip = reply.response.status === 206 ? SKIP : Number.POSITIVE_INFINITY;
      return { file, reply, chunks, rest: new Uint8Array(), at: start, skip };
    } catch (fault) {
      reply.close();
      throw fault;
    }
  }
}

/**
 * Where a response's body begins, which was asked for from `at` on: there, or with a server that
 * knows nothing of ranges, at the file's start.
 */
function startOf(response: Response, file: string, version: Version, at: number): number {
  // It ends before the place that it reached to when it was looked at.
  if (response.status === 416) throw new VersionChanged(file);
  if (!response.ok) throw refusal(response, file);
  if (isHtml(response)) throw webPage(file);
  const { size, tag } = versionOf(response);
  if (size !== null && size !== version.size) throw new VersionChanged(file);
  // A server of another origin may hide either.
  if (tag !== null && version.tag !== null && tag !== version.tag) throw new VersionChanged(file);
  if (response.status !== 206) return 0;
  const range = response.headers.get("Content-Range");
  if (range === null || range.startsWith(`bytes ${at}-`)) return at;
  throw new FetchFault(`The server sent another part of ${file}.`, CONTINUES, true);
}

/** What a response tells of the whole file. */
export function versionOf(response: Response): { size: number | null; tag: string | null } {
  const { headers, status } = response;
  const length = status === 206 ? totalOf(headers) : headers.get("Content-Length");
  // A body that is compressed on its way has a length of its own.
  const plain = length !== null && /^\d+$/.test(length) && !headers.has("Content-Encoding");
  const size = plain ? Number(length) : null;
  const etag = headers.get("ETag");
  const strong = etag?.startsWith('"') ? etag : null;
  return { size, tag: strong ?? headers.get("Last-Modified") };
}

/** Of "bytes 0-99/1234". */
function totalOf(headers: Headers): string | null {
  return /\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1] ?? null;
}
