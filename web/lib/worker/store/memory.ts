/** Keeps bytes as long as the worker lives. The browser may page blobs out to disk. */

import type { Draft, StorageBackend } from "./storage-backend";

class MemoryDraft implements Draft {
  size = 0;
  #held: Uint8Array<ArrayBuffer>[] = [];

  constructor(private readonly finish: (blob: Blob) => void) {}

  async *chunks(): AsyncIterable<Uint8Array> {
    yield* this.#held;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#held.push(bytes.slice());
    this.size += bytes.length;
  }

  async truncate(size: number): Promise<void> {
    const held = await new Blob(this.#held).slice(0, size).arrayBuffer();
    this.#held = [new Uint8Array(held)];
    this.size = held.byteLength;
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.finish(new Blob(this.#held));
  }
}

export class MemoryBackend implements StorageBackend {
  readonly blobs = new Map<string, Blob>();
  readonly #notes = new Map<string, string>();

  async draft(name: string): Promise<Draft> {
    const draft = new MemoryDraft((blob) => this.blobs.set(name, blob));
    const held = this.blobs.get(name);
    if (held !== undefined) await draft.append(new Uint8Array(await held.arrayBuffer()));
    return draft;
  }

  async blob(name: string): Promise<Blob | null> {
    return this.blobs.get(name) ?? null;
  }

  async size(name: string): Promise<number> {
    return this.blobs.get(name)?.size ?? 0;
  }

  async remove(name: string): Promise<void> {
    this.blobs.delete(name);
  }

  async rename(from: string, to: string): Promise<void> {
    const blob = this.blobs.get(from);
    if (blob !== undefined) this.blobs.set(to, blob);
    this.blobs.delete(from);
  }

  async files(): Promise<string[]> {
    return [...this.blobs.keys()];
  }

  async note(name: string): Promise<string | null> {
    return this.#notes.get(name) ?? null;
  }

  async writeNote(name: string, text: string): Promise<void> {
    this.#notes.set(name, text);
  }

  async removeNote(name: string): Promise<void> {
    this.#notes.delete(name);
  }

  async notes(): Promise<string[]> {
    return [...this.#notes.keys()];
  }
}
