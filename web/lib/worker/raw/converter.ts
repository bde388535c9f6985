/** A checkpoint is converted as it comes; only the result is stored, file by file. */

import type {
  Conversion,
  Progress as ConversionProgress,
  FileEntry,
  FileRange,
  ManifestSummary,
} from "askmask-wasm";
import type { ModelSource } from "../../models";
import type { DownloadProgress } from "../store/download-progress";
import type { MemoryBackend } from "../store/memory";
import {
  type ConversionNote,
  draftPrefix,
  type Manifest,
  Records,
  type Version,
} from "../store/records";
import { type StorageBackend, StorageRefused } from "../store/storage-backend";

/** What is converted. */
export interface ConversionJob {
  conversion: Conversion;
  read(range: FileRange): Promise<Uint8Array>;
  /** Of the source's files. */
  versions: Record<string, Version>;
  /** Of the source, where its host names one. */
  commit: string | null;
}

export interface ConverterContext {
  progress: DownloadProgress;
  /** Lets others run; rejects to stop. */
  checkpoint(): Promise<void>;
  readManifest(text: string): ManifestSummary;
}

export class Converter {
  /** Whether the disk refused bytes; they went to memory. */
  refused = false;
  /** Hashes of the finished weight files. */
  #finished: string[] = [];
  /** Where it can go on. */
  #last: ConversionProgress;
  /** All files, as the manifest will list them. */
  readonly #planned: ManifestSummary;
  readonly #weights: FileEntry[];
  readonly #records: Records;

  constructor(
    private readonly key: string,
    private readonly source: ModelSource,
    private readonly disk: StorageBackend | null,
    private readonly memory: MemoryBackend,
    private readonly job: ConversionJob,
    private readonly context: ConverterContext,
  ) {
    this.#records = new Records(disk ?? memory);
    this.#planned = context.readManifest(job.conversion.manifest());
    this.#weights = this.#planned.files.filter(({ name }) => name.startsWith("weights-"));
    this.#last = job.conversion.progress();
  }

  /** The manifest of the converted model, and its files by name. */
  async run(): Promise<{ manifest: Manifest; files: Map<string, Blob> }> {
    const { conversion } = this.job;
    const note = await this.#records.conversion(this.key);
    const goes = note !== null && goesOn(note, this.job) && conversion.resume(note.progress);
    if (goes) await this.#goTo(note.progress);
    else await this.#forget();
    await this.#announce();
    this.#tell();
    for (const { entry, bytes } of conversion.others()) await this.#store(entry, bytes);
    for (let entry = conversion.file(); entry !== undefined; entry = conversion.file()) {
      await this.#convert(entry);
    }
    const text = conversion.finish();
    const manifest = { text, listing: this.context.readManifest(text) };
    if (!this.refused) await this.#write(manifest);
    // Else the next session goes on with what the disk has.
    if (!this.refused) await this.#records.removeConversion(this.key);
    return { manifest, files: await this.#files(manifest.listing) };
  }

  /** Drops what there is of a conversion: of another version, or by another plan. */
  async #forget(): Promise<void> {
    await this.#records.removeConversion(this.key);
    for (const index of this.#weights.keys()) {
      await this.disk?.remove(this.#draftName(index));
      await this.memory.remove(this.#draftName(index));
    }
  }

  async #goTo({ finished, ...progress }: ConversionProgress): Promise<void> {
    let there = 0;
    this.#finished = finished;
    while (there < finished.length && (await this.#isThere(there, finished[there] ?? ""))) there++;
    const whole = there === finished.length;
    await this.#rewind({
      ...progress,
      finished: finished.slice(0, there),
      bytes: whole ? progress.bytes : 0,
    });
  }

  /** Whether a finished file is still kept; one that a crash left without its name gets it. */
  async #isThere(index: number, sha256: string): Promise<boolean> {
    const entry = { ...this.#entry(index), sha256 };
    if (await new Records(this.memory).isDone(entry)) {
      this.refused = true;
      return true;
    }
    const { disk } = this;
    if (disk === null) return false;
    const sizes = [sha256, this.#draftName(index)].map((name) => disk.size(name));
    if (!(await Promise.all(sizes)).includes(entry.bytes)) return false;
    await this.#name(disk, index, entry);
    return true;
  }

  /** Goes back to the end of a block; the bytes up to there are hashed again. */
  async #rewind(progress: ConversionProgress): Promise<void> {
    const { conversion } = this.job;
    const index = progress.finished.length;
    const backend = this.#backend;
    const held = await backend.size(this.#draftName(index));
    const last = held < progress.bytes ? { ...progress, bytes: 0 } : progress;
    conversion.resume(last);
    this.#finished = last.finished;
    this.#last = last;
    if (conversion.file() === undefined || held === 0) return;
    const draft = await backend.draft(this.#draftName(index));
    try {
      await draft.truncate(last.bytes);
      for await (const chunk of draft.chunks()) conversion.rehash(chunk);
      if (!conversion.confirm(last)) await draft.truncate(0);
    } finally {
      await draft.close();
    }
  }

  async #convert(entry: FileEntry): Promise<void> {
    const index = this.#finished.length;
    const backend = this.#backend;
    try {
      await this.#into(backend, index);
    } catch (fault) {
      if (!(fault instanceof StorageRefused) || backend === this.memory) throw fault;
      this.refused = true;
      await this.#moveToMemory(backend, index);
      // Only the note of its end may have been refused.
      if (this.#finished.length === index) {
        await this.#rewind(this.#last);
        await this.#into(this.memory, index);
      }
    }
    const named = { ...entry, sha256: this.#finished[index] ?? "" };
    const kept = this.#backend;
    try {
      await this.#name(kept, index, named);
    } catch (fault) {
      if (!(fault instanceof StorageRefused) || kept === this.memory) throw fault;
      this.refused = true;
      await this.#moveToMemory(kept, index);
      await this.#name(this.memory, index, named);
    }
  }

  /** Converts until the file ends. */
  async #into(backend: StorageBackend, index: number): Promise<void> {
    const { job, context } = this;
    const draft = await backend.draft(this.#draftName(index));
    try {
      // What is behind the last block, or of an earlier conversion, is not this file's.
      await draft.truncate(this.#last.bytes);
      for (let range = job.conversion.next(); range !== undefined; range = job.conversion.next()) {
        const { bytes, end } = job.conversion.take(await job.read(range));
        await draft.append(bytes);
        if (end !== undefined) {
          await draft.flush();
          await this.#mark();
        }
        this.#tell();
        await context.checkpoint();
        if (end === "file") return;
      }
    } finally {
      await draft.close();
    }
  }

  /** The end of a block: from here it can go on. */
  async #mark(): Promise<void> {
    const progress = this.job.conversion.progress();
    this.#last = progress;
    this.#finished = progress.finished;
    // What is in memory is not there next time.
    if (this.refused || this.disk === null) return;
    const { versions, commit } = this.job;
    await this.#records.writeConversion(this.key, { progress, versions, commit });
  }

  /** Gives a finished file the name that it is kept under. */
  async #name(backend: StorageBackend, index: number, entry: FileEntry): Promise<void> {
    // The record first: what none names is collected.
    await this.#announce();
    const draft = this.#draftName(index);
    const held = await backend.size(draft);
    if (held === entry.bytes) await backend.rename(draft, entry.sha256);
    else if ((await backend.size(entry.sha256)) !== entry.bytes) {
      throw new StorageRefused(`${entry.name} has ${held} of ${entry.bytes} bytes`);
    }
    await backend.writeNote(`done-${entry.sha256}`, "");
  }

  async #store(entry: FileEntry, bytes: Uint8Array): Promise<void> {
    if (await new Records(this.#backend).isDone(entry)) return;
    try {
      await put(this.#backend, entry, bytes);
    } catch (fault) {
      if (!(fault instanceof StorageRefused)) throw fault;
      this.refused = true;
      await put(this.memory, entry, bytes);
    }
  }

  /** Names the files that are there or come next. */
  async #announce(): Promise<void> {
    const { name, source, licence, bytes, files } = this.#planned;
    const named = files.map((file) => {
      const index = this.#weights.indexOf(file);
      return index < 0
        ? file
        : { ...file, sha256: this.#finished[index] ?? this.#draftName(index) };
    });
    await this.#write({ text: "", listing: { name, source, licence, bytes, files: named } });
  }

  async #write(manifest: Manifest): Promise<void> {
    const { source } = this;
    try {
      await this.#records.write(this.key, { source, manifest, converted: true });
    } catch (fault) {
      if (!(fault instanceof StorageRefused)) throw fault;
      this.refused = true;
    }
  }

  async #files({ files }: ManifestSummary): Promise<Map<string, Blob>> {
    const found = new Map<string, Blob>();
    for (const { name, sha256 } of files) {
      const blob = (await this.memory.blob(sha256)) ?? (await this.disk?.blob(sha256));
      if (!blob) throw new StorageRefused(`${name} is gone from the storage`);
      found.set(name, blob);
    }
    return found;
  }

  /** What the disk holds of a file goes on in memory; the disk's room is needed. */
  async #moveToMemory(disk: StorageBackend, index: number): Promise<void> {
    const name = this.#draftName(index);
    const held = await disk.blob(name);
    if (held !== null) this.memory.blobs.set(name, new Blob([await held.arrayBuffer()]));
    await disk.remove(name);
  }

  #tell(): void {
    const { done, layersDone, layers } = this.job.conversion.counts();
    this.context.progress.convert("source", done, { done: layersDone, total: layers });
  }

  #entry(index: number): FileEntry {
    const entry = this.#weights[index];
    if (entry === undefined) throw new RangeError(`There is no weight file ${index}.`);
    return entry;
  }

  #draftName(index: number): string {
    return `${draftPrefix(this.key)}${index}`;
  }

  get #backend(): StorageBackend {
    return this.refused || this.disk === null ? this.memory : this.disk;
  }
}

/** Whether a conversion that was under way read the same versions of the same files. */
export function goesOn(
  { versions: before, commit: then }: ConversionNote,
  { versions, commit }: Pick<ConversionJob, "versions" | "commit">,
): boolean {
  if (commit !== then) return false;
  return Object.entries(versions).every(([file, { size, tag }]) => {
    // Without a tag, two versions of a file cannot be told apart.
    const known = commit !== null || tag !== null;
    return known && before[file]?.size === size && before[file].tag === tag;
  });
}

/** Keeps a small file under its hash. */
async function put(
  backend: StorageBackend,
  { sha256 }: FileEntry,
  bytes: Uint8Array,
): Promise<void> {
  const draft = await backend.draft(sha256);
  try {
    await draft.truncate(0);
    await draft.append(bytes);
  } finally {
    await draft.close();
  }
  await backend.writeNote(`done-${sha256}`, "");
}
