/** What a conversion will read, and what it will keep, before a weight is read. */

import * as wasm from "askmask-wasm";
import type { Bits, ModelSource, RetryPolicy } from "../../models";
import type { Hold } from "../../protocol";
import type { Host } from "../host";
import type { ResolvedModel } from "../resolved-model";
import { newHash, sha256 } from "../sha256";
import { DownloadProgress } from "../store/download-progress";
import type { Origin } from "../store/origin";
import type { KeptModel, Store } from "../store/store";
import { type Checkpoint, openCheckpoint, tokenizerBytes } from "./checkpoint";
import { convert, optionsOf, type Wanted } from "./convert";
import { goesOn } from "./converter";
import { FolderRepository } from "./folder-repository";
import { HttpRepository, type Place } from "./http-repository";
import type { ReaderContext } from "./range-reader";
import type { Repository } from "./repository";

const BITS: Bits = 4;

/** The checkpoint at an origin; null when there is none. */
export async function checkpointAt(
  store: Store,
  origin: Origin,
  key: string,
  retry: RetryPolicy,
  host: Host,
): Promise<ResolvedModel | null> {
  const { source } = origin;
  const bits = ("bits" in source && source.bits) || BITS;
  const { signal } = host;
  let progress: DownloadProgress | null = null;
  const onHold = (hold: Hold, note: string) => {
    if (progress !== null) return progress.hold(hold, note);
    // Nothing is known yet, not even how much it is.
    host.onEvent({ type: "progress", stage: "download", done: 0, hold, note });
  };
  const context: ReaderContext = { signal, retry, onHold };
  const repository = await HttpRepository.open(placeOf(origin), context);
  if (repository === null) return null;
  const checkpoint = await openCheckpoint(repository);
  return resolved(store, { key, source, bits }, repository, checkpoint, host, (begun) => {
    progress = begun;
  });
}

/** The checkpoint in a folder. One that was converted already is `kept`. */
export async function checkpointIn(
  store: Store,
  { files, bits = BITS }: Extract<ModelSource, { kind: "folder" }>,
  host: Host,
  kept: (key: string, model: KeptModel) => ResolvedModel,
): Promise<ResolvedModel> {
  const repository = new FolderRepository(files);
  const checkpoint = await openCheckpoint(repository);
  const identity = ["folder", bits, repository.identity];
  const key = sha256(JSON.stringify(identity)).slice(0, 16);
  const model = await store.kept(key, wasm.readManifest);
  if (model !== null) return kept(key, model);
  return resolved(
    store,
    { key, source: { kind: "stored", key }, bits },
    repository,
    checkpoint,
    host,
  );
}

function placeOf({ source, manifest }: Origin): Place {
  const folder = new URL(".", manifest);
  if (source.kind !== "hub") {
    const plain = new URL(folder);
    Object.assign(plain, { username: "", password: "", search: "" });
    const name = decoded(folder.pathname.split("/").at(-2) ?? "") || folder.host;
    return { folder, name, source: plain.href.replace(/\/$/, "") };
  }
  const { id, revision } = source;
  const ofCommit = (commit: string) => new URL(`../${commit}/`, folder);
  const name = id.split("/").at(-1) ?? id;
  return { folder, name, source: revision === "main" ? id : `${id}@${revision}`, ofCommit };
}

/** A part of an address as people read it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A percent sign that begins no byte.
    return part;
  }
}

async function resolved(
  store: Store,
  wanted: Wanted,
  repository: Repository,
  checkpoint: Checkpoint,
  host: Host,
  onBegin: (progress: DownloadProgress) => void = () => undefined,
): Promise<ResolvedModel> {
  const { raw, config, licence } = checkpoint;
  const { bits, key, source } = wanted;
  const conversion = raw.conversion(undefined, optionsOf(repository, licence, bits));
  const text = conversion.manifest();
  const note = await store.conversion(key);
  const job = { versions: checkpoint.versions, commit: repository.commit };
  if (note !== null && goesOn(note, job)) conversion.resume(note.progress);
  const { done, total } = conversion.counts();
  conversion.free();
  const listing = wasm.readManifest(text);
  listing.bytes += await tokenizerBytes(repository);
  const obtain = (rehash: boolean) => {
    const progress = new DownloadProgress(total, (told) =>
      host.onEvent({ type: "progress", ...told }),
    );
    onBegin(progress);
    return convert(store, wanted, repository, checkpoint, {
      signal: host.signal,
      checkpoint: () => host.checkpoint(),
      readManifest: wasm.readManifest,
      progress,
      newHash,
      rehash,
    });
  };
  return {
    source,
    manifest: { text, listing },
    host: repository.host,
    stored: await store.partBytes(key),
    conversion: { download: total - done, bits: raw.quantized ? null : bits },
    config: async () => config,
    obtain,
  };
}
