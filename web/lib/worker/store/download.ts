/** All files of a model: from the store where they are whole, else from their origin. */

import type { Patience } from "../../models";
import { exclusively } from "./lock";
import type { MemoryVault } from "./memory";
import type { Meter } from "./meter";
import { fileAddress, type Origin } from "./origin";
import { Records } from "./records";
import { type FileEntry, type Hasher, Transfer } from "./transfer";
import { StorageRefused, type Vault } from "./vault";

const PARALLEL = 3;

export interface DownloadContext {
  signal: AbortSignal;
  patience: Patience;
  meter: Meter;
  newHash(): Hasher;
  /** Hashes whole files again. */
  doubted: boolean;
}

export class Download {
  /** Whether the disk refused bytes; they went to memory. */
  refused = false;

  constructor(
    private readonly origin: Origin,
    private readonly disk: Vault | null,
    private readonly memory: MemoryVault,
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
    context.meter.end();
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

  #into(vault: Vault, entry: FileEntry, signal: AbortSignal): Promise<Blob> {
    if (vault === this.memory) return this.#bring(vault, entry, signal);
    const note = `Another tab is fetching ${entry.name}.`;
    const onWait = () => this.context.meter.hold("waiting", note);
    const job = () => this.#bring(vault, entry, signal);
    return exclusively(`askmask-file-${entry.sha256}`, signal, onWait, job);
  }

  async #bring(vault: Vault, entry: FileEntry, signal: AbortSignal): Promise<Blob> {
    const known = this.context.doubted ? null : await this.#whole(vault, entry);
    const blob = known ?? (await this.#transfer(vault, entry, signal));
    this.context.meter.set(entry.name, blob.size);
    return blob;
  }

  async #whole(vault: Vault, entry: FileEntry): Promise<Blob | null> {
    if (!(await new Records(vault).isDone(entry))) return null;
    const blob = await vault.blob(entry.sha256);
    return blob?.size === entry.bytes ? blob : null;
  }

  async #transfer(vault: Vault, entry: FileEntry, signal: AbortSignal): Promise<Blob> {
    const { patience, meter, newHash } = this.context;
    const { name, sha256 } = entry;
    await vault.removeNote(`done-${sha256}`);
    const draft = await vault.draft(sha256);
    try {
      const tag = {
        read: () => vault.note(`tag-${sha256}`),
        write: (text: string | null) =>
          text === null
            ? vault.removeNote(`tag-${sha256}`)
            : vault.writeNote(`tag-${sha256}`, text),
      };
      await new Transfer(entry, fileAddress(this.origin, name), draft, tag, {
        signal,
        patience,
        newHash,
        cache: this.origin.keep ? "no-store" : "default",
        onBytes: (held) => meter.set(name, held),
        onHold: (hold, note) => meter.hold(hold, note),
      }).run();
    } finally {
      await draft.close();
    }
    // Only after the bytes are safe: a crash in between costs a hash, not a download.
    await vault.writeNote(`done-${sha256}`, "");
    await vault.removeNote(`tag-${sha256}`);
    const blob = await vault.blob(sha256);
    if (blob === null) throw new StorageRefused(`${name} is gone from the storage`);
    return blob;
  }

  /** What the disk holds of a file goes on in memory; the disk's room is needed. */
  async #moveToMemory(disk: Vault, { sha256 }: FileEntry): Promise<void> {
    const held = await disk.blob(sha256);
    if (held !== null) this.memory.blobs.set(sha256, new Blob([await held.arrayBuffer()]));
    const tag = await disk.note(`tag-${sha256}`);
    if (tag !== null) await this.memory.writeNote(`tag-${sha256}`, tag);
    await disk.removeNote(`tag-${sha256}`);
    await disk.remove(sha256);
  }
}
