/** The Cache API, where the browser has no files to write to: a file is a row of stored responses. */

import { type Draft, type StorageBackend, StorageRefused } from "./storage-backend";

const CACHE = "askmask-models";
const CHUNK = 8 << 20;
const FILES = "files/";
const NOTES = "notes/";
const PROBE = "probe";

class CacheDraft implements Draft {
  size: number;
  #pending: Uint8Array<ArrayBuffer>[] = [];
  #pendingBytes = 0;

  constructor(
    private readonly entries: CacheEntries,
    private readonly name: string,
    private stored: Blob[],
  ) {
    this.size = bytesOf(stored);
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    for (const chunk of this.stored) yield new Uint8Array(await chunk.arrayBuffer());
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes.slice());
    this.#pendingBytes += bytes.length;
    this.size += bytes.length;
    if (this.#pendingBytes >= CHUNK) await this.#put();
  }

  async truncate(size: number): Promise<void> {
    const chunks = [...this.stored, new Blob(this.#pending)];
    let [whole, held] = [0, 0];
    for (const chunk of this.stored) {
      if (held + chunk.size > size) break;
      [whole, held] = [whole + 1, held + chunk.size];
    }
    const rest = await chunks[whole]?.slice(0, size - held).arrayBuffer();
    await this.entries.removeChunks(this.name, whole);
    this.stored = this.stored.slice(0, whole);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.size = held;
    if (rest !== undefined && rest.byteLength > 0) await this.append(new Uint8Array(rest));
  }

  async flush(): Promise<void> {
    if (this.#pendingBytes > 0) await this.#put();
  }

  async close(): Promise<void> {
    await this.flush();
  }

  async #put(): Promise<void> {
    const chunk = new Blob(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      await this.entries.put(chunkName(this.name, this.stored.length), chunk);
      this.stored.push(chunk);
    } catch (fault) {
      this.size -= chunk.size;
      throw fault;
    }
  }
}

/** Stored responses by name. */
class CacheEntries {
  constructor(private readonly cache: Cache) {}

  async read(name: string): Promise<Blob | null> {
    return (await (await this.cache.match(address(name)))?.blob()) ?? null;
  }

  async put(name: string, content: Blob | string): Promise<void> {
    try {
      await this.cache.put(address(name), new Response(content));
    } catch (cause) {
      throw new StorageRefused(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  async remove(name: string): Promise<void> {
    await this.cache.delete(address(name));
  }

  /** Names that begin with `prefix`, without it. */
  async names(prefix: string): Promise<string[]> {
    const start = address(prefix);
    const urls = (await this.cache.keys()).map(({ url }) => url);
    return urls.filter((url) => url.startsWith(start)).map((url) => url.slice(start.length));
  }

  async chunks(name: string): Promise<Blob[]> {
    const found: Blob[] = [];
    for (;;) {
      const chunk = await this.read(chunkName(name, found.length));
      if (chunk === null) return found;
      found.push(chunk);
    }
  }

  /** From chunk `first` on. */
  async removeChunks(name: string, first = 0): Promise<void> {
    const chunks = (await this.names(`${FILES}${name}/`)).map(Number);
    // From the end: what a crash leaves is a beginning of the file.
    for (const chunk of chunks.filter((chunk) => chunk >= first).sort((a, b) => b - a)) {
      await this.remove(chunkName(name, chunk));
    }
  }
}

export class CacheBackend implements StorageBackend {
  private constructor(private readonly entries: CacheEntries) {}

  /** Null where the browser has no such storage, or none for this page: an entry is tried. */
  static async open(): Promise<CacheBackend | null> {
    try {
      const entries = new CacheEntries(await caches.open(CACHE));
      await entries.put(PROBE, "");
      if ((await entries.read(PROBE)) === null) return null;
      await entries.remove(PROBE);
      return new CacheBackend(entries);
    } catch {
      return null;
    }
  }

  async draft(name: string): Promise<Draft> {
    return new CacheDraft(this.entries, name, await this.entries.chunks(name));
  }

  async blob(name: string): Promise<Blob | null> {
    const chunks = await this.entries.chunks(name);
    return chunks.length > 0 ? new Blob(chunks) : null;
  }

  async size(name: string): Promise<number> {
    return bytesOf(await this.entries.chunks(name));
  }

  remove(name: string): Promise<void> {
    return this.entries.removeChunks(name);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.remove(to);
    const chunks = await this.entries.chunks(from);
    for (const [number, chunk] of chunks.entries())
      await this.entries.put(chunkName(to, number), chunk);
    await this.remove(from);
  }

  async files(): Promise<string[]> {
    const chunks = await this.entries.names(FILES);
    return [...new Set(chunks.map((chunk) => chunk.slice(0, chunk.indexOf("/"))))];
  }

  async note(name: string): Promise<string | null> {
    return (await (await this.entries.read(NOTES + name))?.text()) ?? null;
  }

  writeNote(name: string, text: string): Promise<void> {
    return this.entries.put(NOTES + name, text);
  }

  removeNote(name: string): Promise<void> {
    return this.entries.remove(NOTES + name);
  }

  notes(): Promise<string[]> {
    return this.entries.names(NOTES);
  }
}

/** Never fetched; only a name within the cache. */
function address(name: string): string {
  return new URL(`/askmask-models/${name}`, location.origin).href;
}

function chunkName(name: string, number: number): string {
  return `${FILES}${name}/${number}`;
}

function bytesOf(chunks: readonly Blob[]): number {
  return chunks.reduce((sum, { size }) => sum + size, 0);
}
