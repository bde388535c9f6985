/** All files of a model: from the store where they are whole, else from their origin. */

import type { FileEntry } from "askmask-wasm";
import type { DownloadProgress } from "./download-progress";
import { exclusively } from "./lock";
import type { MemoryBackend } from "./memory";
import { fileAddress, type Origin } from "./origin";
import { Records } from "./records";
import { type StorageBackend, StorageRefused } from "./storage-backend";
import { Transfer, type TransferContext } from "./transfer";

const PARALLEL = 3;

export interface DownloadContext extends Pick<TransferContext, "signal" | "retry" | "newHash"> {
  progress: DownloadProgress;
  /** Hashes whole files again. */
  rehash: boolean;
}

export class Download {
  /** Whether the disk refused bytes; they went to memory. */
  refused = false;

  constructor(
    private readonly origin: Origin,
    private readonly disk: StorageBackend | null,
    private readonly memory: MemoryBackend,
    private readonly context: DownloadContext,
  ) {}

  /** The files by name. The first fault ends all transfers; what they hold is kept. */
  async run(files: readonly FileEntry[]): Promise<Map<string, Blob>> {
    const { context } = this;
    const end = new AbortController();
    const signal = AbortSignal.any([context.signal, end.signal]);
    const found = new Map<string, Blob>();
    const queue = [...files];
    const lane = async () => {
      for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
        signal.throwIfAborted();
        found.set(entry.name, await this.#obtain(entry, signal));
      }
    };
    const lanes = Array.from({ length: PARALLEL }, () =>
      lane().catch((fault: unknown) => {
        end.abort(fault);
        throw fault;
      }),
    );
    const results = await Promise.allSettled(lanes);
    context.progress.end();
    if (results.some(({ status }) => status === "rejected")) signal.throwIfAborted();
    return found;
  }

  async #obtain(entry: FileEntry, signal: AbortSignal): Promise<Blob> {
    // Only a disk that refused left whole files in memory; it would refuse again.
    if (await new Records(this.memory).isDone(entry)) this.refused = true;
    if (this.disk !== null && !this.refused) {
      try {
        return await this.#into(this.disk, entry, signal);
      } catch (fault) {
        if (!(fault instanceof StorageRefused)) throw fault;
        this.refused = true;
        await this.#moveToMemory(this.disk, entry);
      }
    }
    const stored =
      this.disk && (await new Records(this.disk).isDone(entry)) ? this.disk : this.memory;
    return this.#into(stored, entry, signal);
  }

  #into(backend: StorageBackend, entry: FileEntry, signal: AbortSignal): Promise<Blob> {
    if (backend === this.memory) return this.#bring(backend, entry, signal);
    const note = `Another tab is fetching ${entry.name}.`;
    const onWait = () => this.context.progress.hold("waiting", note);
    const job = () => this.#bring(backend, entry, signal);
    return exclusively(`askmask-file-${entry.sha256}`, signal, onWait, job);
  }

  async #bring(backend: StorageBackend, entry: FileEntry, signal: AbortSignal): Promise<Blob> {
    const known = this.context.rehash ? null : await this.#whole(backend, entry);
    if (known !== null) {
      this.context.progress.here(entry.name, known.size);
      return known;
    }
    const blob = await this.#transfer(backend, entry, signal);
    this.context.progress.set(entry.name, blob.size);
    return blob;
  }

  async #whole(backend: StorageBackend, entry: FileEntry): Promise<Blob | null> {
    if (!(await new Records(backend).isDone(entry))) return null;
    const blob = await backend.blob(entry.sha256);
    return blob?.size === entry.bytes ? blob : null;
  }

  async #transfer(backend: StorageBackend, entry: FileEntry, signal: AbortSignal): Promise<Blob> {
    const { retry, progress, newHash } = this.context;
    const { name, sha256 } = entry;
    await backend.removeNote(`done-${sha256}`);
    const draft = await backend.draft(sha256);
    try {
      const tag = {
        read: () => backend.note(`tag-${sha256}`),
        write: (text: string | null) =>
          text === null
            ? backend.removeNote(`tag-${sha256}`)
            : backend.writeNote(`tag-${sha256}`, text),
      };
      await new Transfer(entry, fileAddress(this.origin, name), draft, tag, {
        signal,
        retry,
        newHash,
        cache: this.origin.keep ? "no-store" : "default",
        onBytes: (held) => progress.set(name, held),
        onHold: (hold, note) => progress.hold(hold, note),
      }).run();
    } finally {
      await draft.close();
    }
    // Only after the bytes are safe: a crash in between costs a hash, not a download.
    await backend.writeNote(`done-${sha256}`, "");
    await backend.removeNote(`tag-${sha256}`);
    const blob = await backend.blob(sha256);
    if (blob === null) throw new StorageRefused(`${name} is gone from the storage`);
    return blob;
  }

  /** What the disk holds of a file goes on in memory; the disk's room is needed. */
  async #moveToMemory(disk: StorageBackend, { sha256 }: FileEntry): Promise<void> {
    const held = await disk.blob(sha256);
    if (held !== null) this.memory.blobs.set(sha256, new Blob([await held.arrayBuffer()]));
    const tag = await disk.note(`tag-${sha256}`);
    if (tag !== null) await this.memory.writeNote(`tag-${sha256}`, tag);
    await disk.removeNote(`tag-${sha256}`);
    await disk.remove(sha256);
  }
}
