/** The models of this site: fetched once, found again, listed, deleted. */

import type { FileEntry, ManifestSummary } from "askmask-wasm";
import { AskmaskError } from "../../errors";
import type { RetryPolicy, StoredModel } from "../../models";
import { blobHash } from "./blob-hash";
import { CacheBackend } from "./cache";
import { Download, type DownloadContext } from "./download";
import { isHtml, MANIFEST, refusal, webPage } from "./http-faults";
import { HttpResponse } from "./http-response";
import { share, unshared } from "./lock";
import { MemoryBackend } from "./memory";
import { OpfsBackend } from "./opfs";
import type { Origin } from "./origin";
import { type ConversionNote, type Manifest, type ModelRecord, Records } from "./records";
import { withRetries } from "./retry";
import { type StorageBackend, StorageRefused } from "./storage-backend";

const MANIFEST_LIMIT = 4 << 20;
const DELETE_TRIES = 10;
const CONVERT_AGAIN = "Delete the model under Models, then convert it again.";

/** What reads manifests. */
type ReadManifest = (text: string) => ManifestSummary;

export interface StoredFiles {
  files: Map<string, Blob>;
  /** Whether some of them are in memory only, and why. */
  unstored: "unsupported" | "refused" | null;
  /** Lets the model be deleted again. */
  release(): void;
}

/** A model that is here as a whole. */
export interface KeptModel {
  manifest: Manifest;
  /** Whether it was made here: its files are nowhere else. */
  converted: boolean;
}

export class Store {
  readonly #records: Records;

  private constructor(
    readonly disk: StorageBackend | null,
    readonly memory: MemoryBackend,
  ) {
    this.#records = new Records(disk ?? memory);
  }

  /** `kept`: whole files, and manifests, of an earlier store that only memory could keep. */
  static async open(kept?: ReadonlyMap<string, Blob>): Promise<Store> {
    const memory = new MemoryBackend();
    for (const [sha256, blob] of kept ?? []) {
      memory.blobs.set(sha256, blob);
      await memory.writeNote(`done-${sha256}`, "");
    }
    return new Store((await OpfsBackend.open()) ?? (await CacheBackend.open()), memory);
  }

  /** A model that is whole, without asking anyone. */
  async kept(key: string, read: ReadManifest): Promise<KeptModel | null> {
    const record = await this.#records.read(key);
    const converted = record?.converted ?? false;
    const inMemory = await this.memory.blob(manifestName(key));
    if (inMemory !== null) {
      const text = await inMemory.text();
      return { manifest: { text, listing: read(text) }, converted };
    }
    if (record === null || !(await this.#records.isComplete(record))) return null;
    return { manifest: record.manifest, converted };
  }

  /** How far a conversion of this model is, if one is under way. */
  conversion(key: string): Promise<ConversionNote | null> {
    return this.#records.conversion(key);
  }

  /** The manifest at the origin. */
  async manifest(
    origin: Origin,
    read: ReadManifest,
    retry: RetryPolicy,
    signal: AbortSignal,
  ): Promise<Manifest> {
    const attempt = () => fetchManifest(origin, retry, signal);
    const context = { retry, signal, onFault: () => undefined };
    const text = await withRetries(attempt, () => 0, context);
    return { text, listing: read(text) };
  }

  async obtain(
    origin: Origin,
    key: string,
    manifest: Manifest,
    context: DownloadContext,
  ): Promise<StoredFiles> {
    const stored = await this.#bring(origin, key, manifest, context);
    if (stored.unstored) this.keepInMemory(key, manifest);
    return stored;
  }

  /** A fresh worker then needs no server either. */
  keepInMemory(key: string, { text }: Manifest): void {
    this.memory.blobs.set(manifestName(key), new Blob([text]));
  }

  /** The files of a model that was made here, hashed again if so asked. */
  async reopen(
    key: string,
    { listing }: Manifest,
    context: Pick<DownloadContext, "signal" | "newHash" | "rehash">,
  ): Promise<StoredFiles> {
    const release = await this.use(key, context.signal);
    try {
      const files = new Map<string, Blob>();
      let unstored: StoredFiles["unstored"] = null;
      for (const entry of listing.files) {
        const inMemory = await this.memory.blob(entry.sha256);
        if (inMemory !== null) unstored = this.disk === null ? "unsupported" : "refused";
        const blob = inMemory ?? (await this.disk?.blob(entry.sha256)) ?? null;
        if (
          blob?.size !== entry.bytes ||
          (context.rehash && (await blobHash(blob, context)) !== entry.sha256)
        ) {
          await this.#records.forget(entry);
          throw new AskmaskError("integrity", `${entry.name} is damaged.`, CONVERT_AGAIN);
        }
        files.set(entry.name, blob);
      }
      return { files, unstored, release };
    } catch (fault) {
      release();
      throw fault;
    }
  }

  /**
   * Keeps a model from being deleted until the returned function is called. First frees what no
   * model names.
   */
  async use(key: string, signal: AbortSignal): Promise<() => void> {
    if (this.disk === null) return () => undefined;
    await unshared(useLock(key), 1, () => this.#records.collect());
    return share(useLock(key), signal);
  }

  async #bring(
    origin: Origin,
    key: string,
    manifest: Manifest,
    context: DownloadContext,
  ): Promise<StoredFiles> {
    const { disk, memory } = this;
    if (origin.keep && disk !== null) return this.#ontoDisk(disk, origin, key, manifest, context);
    const files = await new Download(origin, null, memory, context).run(manifest.listing.files);
    return { files, unstored: origin.keep ? "unsupported" : null, release: () => undefined };
  }

  async #ontoDisk(
    disk: StorageBackend,
    origin: Origin,
    key: string,
    manifest: Manifest,
    context: DownloadContext,
  ): Promise<StoredFiles> {
    // First, so that only what this manifest does not name is collected.
    const named = await this.#announce(key, { source: origin.source, manifest });
    const release = await this.use(key, context.signal);
    try {
      const download = new Download(origin, named ? disk : null, this.memory, context);
      const files = await download.run(manifest.listing.files);
      return { files, release, unstored: named && !download.refused ? null : "refused" };
    } catch (fault) {
      release();
      throw fault;
    }
  }

  /** A small file of a model that nobody asked for yet: nothing is stored for it. */
  async preview(origin: Origin, entry: FileEntry, context: DownloadContext): Promise<string> {
    const stored = await this.#textOf(entry);
    if (stored !== null) return stored;
    const passing = { ...origin, keep: false };
    const found = await new Download(passing, null, this.memory, context).run([entry]);
    return found.get(entry.name)?.text() ?? "";
  }

  /** Null unless the file is stored whole. */
  async #textOf(entry: FileEntry): Promise<string | null> {
    if (!(await this.#records.isDone(entry))) return null;
    try {
      const blob = await this.#backend.blob(entry.sha256);
      return blob?.size === entry.bytes ? await blob.text() : null;
    } catch {
      // Another tab has deleted it meanwhile.
      return null;
    }
  }

  /** Bytes of a model that need no download. */
  storedBytes(listing: ManifestSummary): Promise<number> {
    return this.#records.storedBytes(listing);
  }

  /** Bytes that are stored of the model with this key. */
  async partBytes(key: string): Promise<number> {
    const record = await this.#records.read(key);
    return record === null ? 0 : this.#records.storedBytes(record.manifest.listing);
  }

  async list(): Promise<StoredModel[]> {
    const models: StoredModel[] = [];
    for (const key of await this.#records.keys()) {
      const record = await this.#records.read(key);
      if (record === null) continue;
      const { name, licence, bytes } = record.manifest.listing;
      const storedBytes = await this.#records.storedBytes(record.manifest.listing);
      const complete = await this.#records.isComplete(record);
      models.push({ key, name, licence, source: record.source, bytes, storedBytes, complete });
    }
    return models;
  }

  /** The files of a stored model by name, its manifest among them. */
  async files(key: string, read: ReadManifest): Promise<Map<string, Blob>> {
    const kept = await this.kept(key, read);
    if (kept === null) {
      throw new AskmaskError("integrity", "This model is not here as a whole.", "Load it first.");
    }
    const { text, listing } = kept.manifest;
    const files = new Map([[MANIFEST, new Blob([text])]]);
    for (const { name, sha256 } of listing.files) {
      const blob = (await this.memory.blob(sha256)) ?? (await this.disk?.blob(sha256));
      if (!blob)
        throw new AskmaskError("integrity", `${name} is gone from the storage.`, "Load it again.");
      files.set(name, blob);
    }
    return files;
  }

  async delete(key: string): Promise<void> {
    if (this.disk === null) return;
    const deleted = await unshared(useLock(key), DELETE_TRIES, async () => {
      await this.#records.remove(key);
      await this.#records.collect();
    });
    if (deleted) return;
    const hint = "Choose another model there or close the tab, then delete it.";
    throw new AskmaskError("in-use", "This model is in use in a tab of this site.", hint);
  }

  /** Whether this was noted, by {@link remember}. */
  async remembers(what: string): Promise<boolean> {
    return (await this.#backend.note(`known-${what}`)) !== null;
  }

  async remember(what: string): Promise<void> {
    try {
      await this.#backend.writeNote(`known-${what}`, "");
    } catch (fault) {
      // It will be found out again next time.
      if (!(fault instanceof StorageRefused)) throw fault;
    }
  }

  get #backend(): StorageBackend {
    return this.disk ?? this.memory;
  }

  /** Names the model's files before they come; false where the disk has no room for that. */
  async #announce(key: string, record: ModelRecord): Promise<boolean> {
    try {
      await this.#records.write(key, record);
      // What was converted here before has a manifest at its origin now.
      await this.#records.removeConversion(key);
      return true;
    } catch (fault) {
      if (fault instanceof StorageRefused) return false;
      throw fault;
    }
  }
}

/** Under which memory keeps a manifest beside the files, which go by their hash. */
function manifestName(key: string): string {
  return `manifest-${key}`;
}

function useLock(key: string): string {
  return `askmask-use-${key}`;
}

async function fetchManifest(
  { manifest }: Origin,
  retry: RetryPolicy,
  signal: AbortSignal,
): Promise<string> {
  const request = { url: manifest, file: MANIFEST, cache: "no-cache" } as const;
  const reply = await HttpResponse.fetch(request, retry, signal);
  try {
    if (!reply.response.ok) throw refusal(reply.response, MANIFEST);
    if (isHtml(reply.response)) throw webPage(MANIFEST);
    const decoder = new TextDecoder();
    let [text, bytes] = ["", 0];
    for await (const chunk of reply.chunks(signal)) {
      bytes += chunk.length;
      if (bytes > MANIFEST_LIMIT) {
        const message = `${MANIFEST} is larger than 4 MiB.`;
        throw new AskmaskError("integrity", message, "Check the address.");
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } finally {
    reply.close();
  }
}
