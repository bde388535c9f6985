/** From a model's source to its manifest and files, wherever they are. */

import * as wasm from "askmask-wasm";
import { AskmaskError } from "../errors";
import type { ModelSource, RetryPolicy } from "../models";
import type { ModelRequest, Progress } from "../protocol";
import type { Host } from "./host";
import { checkpointAt, checkpointIn } from "./raw/resolve";
import type { ObtainedModel, ResolvedModel } from "./resolved-model";
import { newHash, sha256 } from "./sha256";
import { DownloadProgress } from "./store/download-progress";
import { Folder } from "./store/folder";
import { FetchFault, MANIFEST } from "./store/http-faults";
import { type Origin, originOf, type RemoteSource } from "./store/origin";
import type { Manifest } from "./store/records";
import { DEFAULT_RETRY } from "./store/retry";
import type { KeptModel, Store } from "./store/store";

const CONFIG = "config.json";
/** The core takes no larger one. */
const CONFIG_LIMIT = 1 << 20;

type FolderSource = Extract<ModelSource, { kind: "folder" }>;

export function resolveModel(
  store: Store,
  { source, embedded, retry = DEFAULT_RETRY }: ModelRequest,
  host: Host,
): Promise<ResolvedModel> {
  switch (source.kind) {
    case "stored":
      return inStore(store, source.key, host);
    case "folder":
      return source.files.some(({ name }) => name === MANIFEST)
        ? inFolder(source, host)
        : checkpointIn(store, source, host, (key, kept) =>
            converted(store, key, { kind: "stored", key }, kept, host),
          );
    default:
      return remote(store, source, embedded, retry, host);
  }
}

/** What is kept first; then what the origin has, converted or not. */
async function remote(
  store: Store,
  source: RemoteSource,
  embedded: string,
  retry: RetryPolicy,
  host: Host,
): Promise<ResolvedModel> {
  const origin = originOf(source, embedded);
  const bits = "bits" in source ? source.bits : undefined;
  const key = sha256(origin.identity).slice(0, 16);
  const convertedKey = bits === 8 ? sha256(`${origin.identity} 8 bits`).slice(0, 16) : key;
  const made = await store.kept(convertedKey, wasm.readManifest);
  if (made?.converted) return converted(store, convertedKey, source, made, host);
  const kept = await store.kept(key, wasm.readManifest);
  if (kept !== null && !kept.converted) {
    return atOrigin(store, origin, key, kept.manifest, retry, host);
  }
  try {
    const manifest = await store.manifest(origin, wasm.readManifest, retry, host.signal);
    return await atOrigin(store, origin, key, manifest, retry, host);
  } catch (fault) {
    if (!(fault instanceof FetchFault) || fault.again || !origin.keep) throw fault;
    const found = await checkpointAt(store, origin, convertedKey, retry, host);
    // What the server said of the manifest tells most.
    if (found === null) throw fault;
    return found;
  }
}

async function inStore(store: Store, key: string, host: Host): Promise<ResolvedModel> {
  const kept = await store.kept(key, wasm.readManifest);
  if (kept !== null) return converted(store, key, { kind: "stored", key }, kept, host);
  const hint = "Choose its folder again to convert the rest.";
  throw new AskmaskError("integrity", "This model is not here as a whole.", hint);
}

/** A model that was made here. */
function converted(
  store: Store,
  key: string,
  source: ModelSource,
  { manifest }: KeptModel,
  { signal }: Host,
): ResolvedModel {
  const open = (rehash: boolean) => store.reopen(key, manifest, { signal, newHash, rehash });
  const config = async () => {
    const { files, release } = await open(false);
    release();
    return files.get(CONFIG)?.text() ?? "";
  };
  const obtain = async (rehash: boolean) => ({ ...(await open(rehash)), manifest });
  const stored = manifest.listing.bytes;
  return { source, manifest, host: null, stored, conversion: null, config, obtain };
}

async function inFolder(source: FolderSource, host: Host): Promise<ResolvedModel> {
  const { signal } = host;
  const folder = new Folder(source.files);
  const text = await folder.manifest();
  const listing = wasm.readManifest(text);
  const manifest = { text, listing };
  const config = async () => {
    const context = { signal, newHash, onBytes: () => undefined };
    const found = await folder.checked([configEntry(listing)], context);
    return found.get(CONFIG)?.text() ?? "";
  };
  const obtain = async (): Promise<ObtainedModel> => {
    const hold = { hold: "checking", note: "Checking the files." } as const;
    const progress = new DownloadProgress(listing.bytes, (told) =>
      host.onEvent({ type: "progress", ...told, ...hold }),
    );
    const onBytes = (file: string, checked: number) => progress.set(file, checked);
    const files = await folder
      .checked(listing.files, { signal, newHash, onBytes })
      .finally(() => progress.end());
    return { manifest, files, unstored: null, release: () => undefined };
  };
  const stored = listing.bytes;
  return { source, manifest, host: null, stored, conversion: null, config, obtain };
}

async function atOrigin(
  store: Store,
  origin: Origin,
  key: string,
  manifest: Manifest,
  retry: RetryPolicy,
  host: Host,
): Promise<ResolvedModel> {
  const { signal } = host;
  const { listing } = manifest;
  const context = (rehash: boolean, onProgress: (progress: Progress) => void) => {
    const progress = new DownloadProgress(listing.bytes, onProgress);
    return { signal, retry, progress, newHash, rehash };
  };
  const quiet = () => context(false, () => undefined);
  const config = async () => store.preview(origin, configEntry(listing), quiet());
  const obtain = async (rehash: boolean) => {
    const loud = context(rehash, (told) => host.onEvent({ type: "progress", ...told }));
    return { ...(await store.obtain(origin, key, manifest, loud)), manifest };
  };
  const stored = await store.storedBytes(listing);
  const { source, host: server } = origin;
  return { source, manifest, host: server, stored, conversion: null, config, obtain };
}

/** Every manifest names one; nothing is fetched of one that the core would refuse. */
function configEntry({ files }: wasm.ManifestSummary): wasm.FileEntry {
  const entry = files.find(({ name }) => name === CONFIG);
  if (entry !== undefined && entry.bytes <= CONFIG_LIMIT) return entry;
  const message = `${CONFIG} has ${entry?.bytes} bytes, more than ${CONFIG_LIMIT}.`;
  throw new AskmaskError("unsupported-model", message, "Use a Sa2VA model's own configuration.");
}
