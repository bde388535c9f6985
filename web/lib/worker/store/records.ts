/** Which models are stored: one note each, written before its files and removed after them. */

import type { Progress as ConversionProgress, FileEntry, ManifestSummary } from "askmask-wasm";
import type { ModelSource } from "../../models";
import type { StorageBackend } from "./storage-backend";

export interface Manifest {
  text: string;
  listing: ManifestSummary;
}

export interface ModelRecord {
  source: ModelSource;
  /** While a model is converted, of text "", and of files whose hashes are not known yet. */
  manifest: Manifest;
  /** Whether it was made here: its files are nowhere else. */
  converted?: boolean;
}

/** Tells whether a file is still the one that some of it was read from. */
export interface Version {
  /** Bytes of the whole. */
  size: number;
  /** An entity tag, or when it was changed last; null where neither is told. */
  tag: string | null;
}

/** A conversion that goes on later, and what it was made from. */
export interface ConversionNote {
  progress: ConversionProgress;
  versions: Record<string, Version>;
  /** Of the source, where its host named one. */
  commit: string | null;
}

/** Begins the names of files that a conversion of this model has not finished. */
export function draftPrefix(key: string): string {
  return `converting-${key}-`;
}

const MODEL = "model-";
const CONVERSION = "conversion-";

export class Records {
  constructor(private readonly backend: StorageBackend) {}

  async read(key: string): Promise<ModelRecord | null> {
    const text = await this.backend.note(MODEL + key);
    try {
      return text === null ? null : (JSON.parse(text) as ModelRecord);
    } catch {
      // Torn by a crash; the files say for themselves whether they are whole.
      return null;
    }
  }

  async write(key: string, record: ModelRecord): Promise<void> {
    const text = JSON.stringify(record);
    if ((await this.backend.note(MODEL + key)) !== text) {
      await this.backend.writeNote(MODEL + key, text);
    }
  }

  async remove(key: string): Promise<void> {
    await this.backend.removeNote(MODEL + key);
    await this.backend.removeNote(CONVERSION + key);
  }

  /** How far a conversion of this model is. */
  async conversion(key: string): Promise<ConversionNote | null> {
    const text = await this.backend.note(CONVERSION + key);
    try {
      return text === null ? null : (JSON.parse(text) as ConversionNote);
    } catch {
      // Torn by a crash: it begins anew.
      return null;
    }
  }

  writeConversion(key: string, note: ConversionNote): Promise<void> {
    return this.backend.writeNote(CONVERSION + key, JSON.stringify(note));
  }

  removeConversion(key: string): Promise<void> {
    return this.backend.removeNote(CONVERSION + key);
  }

  async keys(): Promise<string[]> {
    const notes = await this.backend.notes();
    return notes.filter((note) => note.startsWith(MODEL)).map((note) => note.slice(MODEL.length));
  }

  async isDone({ sha256 }: FileEntry): Promise<boolean> {
    return (await this.backend.note(`done-${sha256}`)) !== null;
  }

  /** Drops bytes that are not the file's own. */
  async forget({ sha256 }: FileEntry): Promise<void> {
    await this.backend.removeNote(`done-${sha256}`);
    await this.backend.remove(sha256);
  }

  async isComplete({ manifest }: ModelRecord): Promise<boolean> {
    // A conversion has none before its end.
    if (manifest.text === "") return false;
    for (const file of manifest.listing.files) {
      const whole = (await this.backend.size(file.sha256)) === file.bytes;
      if (!whole || !(await this.isDone(file))) return false;
    }
    return true;
  }

  async storedBytes({ files }: ManifestSummary): Promise<number> {
    const sizes = await Promise.all(files.map(({ sha256 }) => this.backend.size(sha256)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Removes the files that no record names. */
  async collect(): Promise<void> {
    // In this order: a model's record is there before its files.
    const files = await this.backend.files();
    const named = new Set<string>();
    const converting: string[] = [];
    for (const key of await this.keys()) {
      const record = await this.read(key);
      // Torn, or being written at this moment: what it names is not known.
      if (record === null) return;
      for (const { sha256 } of record.manifest.listing.files) named.add(sha256);
      if (record.manifest.text === "") converting.push(draftPrefix(key));
    }
    const isNamed = (file: string) =>
      named.has(file) || converting.some((prefix) => file.startsWith(prefix));
    for (const file of files.filter((name) => !isNamed(name))) {
      await this.backend.removeNote(`done-${file}`);
      await this.backend.removeNote(`tag-${file}`);
      await this.backend.remove(file);
    }
  }
}
