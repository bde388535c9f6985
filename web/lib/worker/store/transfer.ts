/** Brings one file into a draft: resumes, retries, and checks its SHA-256. */

import type { FileEntry, Sha256 } from "askmask-wasm";
import { AskmaskError } from "../../errors";
import type { RetryPolicy } from "../../models";
import type { Hold } from "../../protocol";
import { CONTINUES, FetchFault, interpret, strongTag } from "./http-faults";
import { HttpResponse } from "./http-response";
import { withRetries } from "./retry";
import type { Draft } from "./storage-backend";

export interface TransferContext {
  signal: AbortSignal;
  retry: RetryPolicy;
  newHash(): Sha256;
  /** How the browser's own cache is used; after damage it is passed by. */
  cache: RequestCache;
  /** Bytes of this file held now. */
  onBytes(held: number): void;
  onHold(hold: Hold, note: string): void;
}

/** The entity tag under which a draft's bytes came, kept beside them. */
interface TagNote {
  read(): Promise<string | null>;
  write(tag: string | null): Promise<void>;
}

export class Transfer {
  #hash: Sha256;
  /** Only while the held bytes end where the hash does. */
  #hashed = 0;
  #damaged = false;
  /** Some servers refuse other sites this header; the entity tag is compared anyway. */
  #ifRange = true;

  constructor(
    private readonly entry: FileEntry,
    private readonly url: URL,
    private readonly draft: Draft,
    private readonly tag: TagNote,
    private readonly context: TransferContext,
  ) {
    this.#hash = context.newHash();
  }

  /** Resolves once the draft holds the whole file; the draft stays open. */
  async run(): Promise<void> {
    try {
      await this.#catchUp();
      const { signal, retry, onHold } = this.context;
      const onFault = (message: string) => onHold("retrying", message);
      const held = () => this.draft.size;
      while (!(await this.#isSound())) {
        await withRetries(() => this.#fetchOnce(), held, { retry, signal, onFault });
      }
    } finally {
      this.#hash.free();
    }
  }

  /** Hashes what an earlier run held. */
  async #catchUp(): Promise<void> {
    const { draft, entry, context } = this;
    if (draft.size === 0) return;
    if (draft.size > entry.bytes) await draft.truncate(0);
    for await (const chunk of draft.chunks()) this.#hash.update(chunk);
    this.#hashed = draft.size;
    context.onBytes(draft.size);
  }

  /** Whether the file is whole and right. A wrong one is dropped, and fetched once more. */
  async #isSound(): Promise<boolean> {
    const { draft, entry, context } = this;
    if (draft.size < entry.bytes) return false;
    const sound = this.#hashed === entry.bytes && this.#hash.digest() === entry.sha256;
    if (sound) return true;
    await this.#drop();
    if (this.#damaged) {
      const hint = "The server's copy differs from its manifest. Tell who serves it, or try later.";
      throw new AskmaskError("integrity", `${entry.name} arrived damaged twice.`, hint);
    }
    this.#damaged = true;
    context.onHold("retrying", `${entry.name} arrived damaged; only this file is fetched again.`);
    return false;
  }

  async #fetchOnce(): Promise<void> {
    const { draft, entry } = this;
    const held = draft.size;
    const tag = held > 0 ? await this.tag.read() : null;
    const reply = await this.#ask(held, tag);
    try {
      const use = interpret(reply.response, entry.name, held, entry.bytes, tag);
      if (use !== "append") await this.#drop();
      if (use === "restart") return;
      if (use === "replace") await this.tag.write(strongTag(reply.response));
      await this.#take(reply);
    } finally {
      reply.close();
    }
  }

  async #ask(held: number, tag: string | null): Promise<HttpResponse> {
    const { url, entry, context } = this;
    const request = {
      url,
      file: entry.name,
      cache: this.#damaged ? "reload" : context.cache,
    } as const;
    if (held === 0) return HttpResponse.fetch(request, context.retry, context.signal);
    const headers: Record<string, string> = { Range: `bytes=${held}-` };
    if (tag !== null && this.#ifRange) {
      try {
        const both = { ...request, headers: { ...headers, "If-Range": tag } };
        return await HttpResponse.fetch(both, context.retry, context.signal);
      } catch (fault) {
        if (!(fault instanceof FetchFault) || url.origin === location.origin) throw fault;
        this.#ifRange = false;
      }
    }
    return HttpResponse.fetch({ ...request, headers }, context.retry, context.signal);
  }

  async #take(reply: HttpResponse): Promise<void> {
    const { draft, entry, context } = this;
    for await (const chunk of reply.chunks(context.signal)) {
      const rest = entry.bytes - draft.size;
      await draft.append(chunk.subarray(0, rest));
      this.#hash.update(chunk);
      this.#hashed += chunk.length;
      context.onBytes(draft.size);
      // More than the whole file: it has another hash, so it is not taken for sound.
      if (chunk.length > rest) return;
    }
    if (draft.size < entry.bytes) {
      throw new FetchFault(`${entry.name} ended early.`, CONTINUES, true);
    }
  }

  async #drop(): Promise<void> {
    await this.draft.truncate(0);
    this.#hash.free();
    this.#hash = this.context.newHash();
    this.#hashed = 0;
    this.context.onBytes(0);
  }
}
