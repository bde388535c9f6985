/** A checkpoint in a folder on a web server: a repository of a hub, or any other. */

import { AskmaskError } from "../../errors";
import { FetchFault, isHtml, refusal, webPage } from "../store/http-faults";
import { HttpResponse } from "../store/http-response";
import type { Version } from "../store/records";
import { withRetries } from "../store/retry";
import { RangeReader, type ReaderContext, versionOf } from "./range-reader";
import type { Repository, Start } from "./repository";

/** The header that a hub names the commit of a file in. */
const COMMIT = "X-Repo-Commit";

export interface Place {
  /** Of the folder, with a slash at its end. */
  folder: URL;
  name: string;
  source: string;
  /** Where the folder of a commit is, for repositories. */
  ofCommit?: (commit: string) => URL;
}

export class HttpRepository implements Repository {
  readonly files = null;
  readonly host: string;
  readonly name: string;
  source: string;
  commit: string | null = null;
  readonly #reader: RangeReader;
  #folder: URL;

  private constructor(
    place: Place,
    private readonly context: ReaderContext,
  ) {
    this.host = place.folder.host;
    this.name = place.name;
    this.source = place.source;
    this.#folder = place.folder;
    this.#reader = new RangeReader((file) => this.#address(file), context);
  }

  /** Null when there is no checkpoint: no config.json. */
  static async open(place: Place, context: ReaderContext): Promise<HttpRepository | null> {
    const repository = new HttpRepository(place, context);
    const { ofCommit } = place;
    const reply = await repository.#retried(() => repository.#get("config.json", {}));
    if (reply === null) return null;
    const commit = reply.response.headers.get(COMMIT) ?? "";
    reply.close();
    if (ofCommit !== undefined && /^[\da-f]{40}$/.test(commit)) {
      repository.#folder = ofCommit(commit);
      repository.source = `${place.source.replace(/@.*$/, "")}@${commit}`;
      repository.commit = commit;
    }
    return repository;
  }

  async small(file: string, limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#retried(async () => {
      const reply = await this.#get(file, {});
      if (reply === null) return null;
      try {
        const bytes = await collect(reply, limit + 1, this.context.signal);
        if (bytes.length <= limit) return bytes;
        const message = `${file} is larger than ${limit} bytes.`;
        throw new AskmaskError("unsupported-model", message, "Check the address.");
      } finally {
        reply.close();
      }
    });
  }

  async start(file: string, limit: number): Promise<Start | null> {
    return this.#retried(async () => {
      const reply = await this.#get(file, { Range: `bytes=0-${limit - 1}` });
      if (reply === null) return null;
      try {
        const bytes = await collect(reply, limit, this.context.signal);
        const { size, tag } = versionOf(reply.response);
        // Of other files only the beginning counts.
        if (size !== null || !file.endsWith(".safetensors")) {
          return { bytes, tag, size: size ?? bytes.length };
        }
        return { bytes, tag, size: await this.#size(file) };
      } finally {
        reply.close();
      }
    });
  }

  read(
    file: string,
    version: Version,
    offset: number,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.#reader.read(file, version, offset, length);
  }

  close(): void {
    this.#reader.close();
  }

  /** A server of another origin may hide the whole's length from whoever asks for a part. */
  async #size(file: string): Promise<number> {
    const { signal } = this.context;
    const init: RequestInit = { method: "HEAD", cache: "no-store", signal };
    const reply = await fetch(this.#address(file), init).catch(() => null);
    signal.throwIfAborted();
    const size = reply?.ok ? versionOf(reply).size : null;
    if (size !== null) return size;
    const message = `${this.host} does not say how large ${file} is.`;
    throw new FetchFault(message, "Download the repository and open its folder.", false);
  }

  /** The response for a file; null when there is none. */
  async #get(file: string, headers: Record<string, string>): Promise<HttpResponse | null> {
    const { retry, signal } = this.context;
    const cache: RequestCache = this.commit === null ? "no-cache" : "default";
    const request = { url: this.#address(file), file, headers, cache, first: true };
    const reply = await HttpResponse.fetch(request, retry, signal);
    const { response } = reply;
    if (response.ok && !isHtml(response)) return reply;
    reply.close();
    // An empty file has not even a first byte.
    if (response.status === 416) return null;
    const fault = response.ok ? webPage(file) : refusal(response, file);
    if (fault.absent) return null;
    throw fault;
  }

  #retried<T>(attempt: () => Promise<T>): Promise<T> {
    const { retry, signal, onHold } = this.context;
    const onFault = (message: string) => onHold("retrying", message);
    return withRetries(attempt, () => 0, { retry, signal, onFault });
  }

  #address(file: string): URL {
    return new URL(file, this.#folder);
  }
}

/** At most `limit` bytes of a body. */
async function collect(
  reply: HttpResponse,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let left = limit;
  for await (const chunk of reply.chunks(signal)) {
    parts.push(chunk.subarray(0, left));
    left -= Math.min(left, chunk.length);
    if (left === 0) break;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
