/** From a model's source to its manifest and files, wherever they are. */

import * as wasm from "askmask-wasm";
import { AskmaskError } from "../errors";
import type { ModelSource, RetryPolicy } from "../models";
import type { ModelRequest, Progress } from "../protocol";
import type { Host } from "./host";
import { newHash, sha256 } from "./sha256";
import { DownloadProgress } from "./store/download-progress";
import { Folder } from "./store/folder";
import { type Origin, originOf } from "./store/origin";
import type { Manifest } from "./store/records";
import { DEFAULT_RETRY } from "./store/retry";
import type { Store, StoredFiles } from "./store/store";

const CONFIG = "config.json";
/** The core takes no larger one. */
const CONFIG_LIMIT = 1 << 20;

/** A model that is known by its manifest; none of its files need be here. */
interface ResolvedModel {
  manifest: Manifest;
  /** Who serves it; null for a folder. */
  host: string | null;
  /** Bytes that need no download. */
  stored: number;
  /** Brings its configuration here, checked as every file is; nothing large. */
  config(): Promise<string>;
  /** Brings the files here. */
  obtain(rehash: boolean): Promise<StoredFiles>;
}

export function resolveModel(
  store: Store,
  { source, embedded, retry = DEFAULT_RETRY }: ModelRequest,
  host: Host,
): Promise<ResolvedModel> {
  return source.kind === "folder"
    ? inFolder(source, host)
    : atOrigin(store, originOf(source, embedded), retry, host);
}

async function inFolder(
  { files }: Extract<ModelSource, { kind: "folder" }>,
  host: Host,
): Promise<ResolvedModel> {
  const { signal } = host;
  const folder = new Folder(files);
  const text = await folder.manifest();
  const listing = wasm.readManifest(text);
  const config = async () => {
    const context = { signal, newHash, onBytes: () => undefined };
    const found = await folder.checked([configEntry(listing)], context);
    return found.get(CONFIG)?.text() ?? "";
  };
  const obtain = async (): Promise<StoredFiles> => {
    const hold = { hold: "checking", note: "Checking the files." } as const;
    const progress = new DownloadProgress(listing.bytes, (told) =>
      host.onEvent({ type: "progress", ...told, ...hold }),
    );
    const onBytes = (file: string, checked: number) => progress.set(file, checked);
    const found = await folder
      .checked(listing.files, { signal, newHash, onBytes })
      .finally(() => progress.end());
    return { files: found, unstored: null, release: () => undefined };
  };
  return { manifest: { text, listing }, host: null, stored: listing.bytes, config, obtain };
}

async function atOrigin(
  store: Store,
  origin: Origin,
  retry: RetryPolicy,
  host: Host,
): Promise<ResolvedModel> {
  const { signal } = host;
  const key = sha256(origin.identity).slice(0, 16);
  const manifest = await store.manifest(origin, key, wasm.readManifest, retry, signal);
  const { listing } = manifest;
  const context = (rehash: boolean, onProgress: (progress: Progress) => void) => {
    const progress = new DownloadProgress(listing.bytes, onProgress);
    return { signal, retry, progress, newHash, rehash };
  };
  const quiet = () => context(false, () => undefined);
  const config = async () => store.preview(origin, configEntry(listing), quiet());
  const obtain = (rehash: boolean) => {
    const loud = context(rehash, (told) => host.onEvent({ type: "progress", ...told }));
    return store.obtain(origin, key, manifest, loud);
  };
  const stored = await store.storedBytes(listing);
  return { manifest, host: origin.host, stored, config, obtain };
}

/** Every manifest names one; nothing is fetched of one that the core would refuse. */
function configEntry({ files }: wasm.ManifestSummary): wasm.FileEntry {
  const entry = files.find(({ name }) => name === CONFIG);
  if (entry !== undefined && entry.bytes <= CONFIG_LIMIT) return entry;
  const message = `${CONFIG} has ${entry?.bytes} bytes, more than ${CONFIG_LIMIT}.`;
  throw new AskmaskError("unsupported-model", message, "Use a Sa2VA model's own configuration.");
}
