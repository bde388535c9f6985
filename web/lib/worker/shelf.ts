/** From a model's source to its manifest and files, wherever they are. */

import * as wasm from "askmask-wasm";
import type { ModelSource } from "../models";
import type { ModelRequest } from "../protocol";
import type { Host } from "./host";
import { Folder } from "./store/folder";
import { Meter } from "./store/meter";
import { type Origin, originOf } from "./store/origin";
import { PATIENCE } from "./store/patience";
import type { Manifest } from "./store/records";
import type { Store, StoredFiles } from "./store/store";

/** A model that is known by its manifest; none of its files need be here. */
export interface Found {
  manifest: Manifest;
  /** Who serves it; null for a folder. */
  host: string | null;
  /** Bytes that need no download. */
  stored: number;
  /** Brings the files here. */
  obtain(doubted: boolean, host: Host): Promise<StoredFiles>;
}

export async function find(store: Store, request: ModelRequest, host: Host): Promise<Found> {
  const { source } = request;
  return source.kind === "folder"
    ? findInFolder(source)
    : findAtOrigin(store, originOf(source, request.embedded), request, host);
}

async function findInFolder({ files }: Extract<ModelSource, { kind: "folder" }>): Promise<Found> {
  const folder = new Folder(files);
  const text = await folder.manifest();
  const listing = wasm.readManifest(text);
  const obtain = async (_doubted: boolean, host: Host): Promise<StoredFiles> => {
    const { signal } = host;
    const meter = new Meter(listing.bytes, (progress) =>
      host.onEvent({
        type: "progress",
        ...progress,
        hold: "checking",
        note: "Checking the files.",
      }),
    );
    const onBytes = (file: string, checked: number) => meter.set(file, checked);
    const found = await folder
      .checked(listing, { signal, newHash, onBytes })
      .finally(() => meter.end());
    return { files: found, unstored: null, release: () => undefined };
  };
  return { manifest: { text, listing }, host: null, stored: listing.bytes, obtain };
}

async function findAtOrigin(
  store: Store,
  origin: Origin,
  { patience = PATIENCE }: ModelRequest,
  { signal }: Host,
): Promise<Found> {
  const key = sha256(origin.identity).slice(0, 16);
  const manifest = await store.manifest(origin, key, wasm.readManifest, patience, signal);
  const { listing } = manifest;
  const obtain = (doubted: boolean, host: Host) => {
    const meter = new Meter(listing.bytes, (progress) =>
      host.onEvent({ type: "progress", ...progress }),
    );
    const context = { signal: host.signal, patience, meter, newHash, doubted };
    return store.obtain(origin, key, manifest, context);
  };
  return { manifest, host: origin.host, stored: await store.storedBytes(listing), obtain };
}

/** SHA-256 of a text, in hex. */
export function sha256(text: string): string {
  const hash = newHash();
  hash.update(new TextEncoder().encode(text));
  const hex = hash.digest();
  hash.free();
  return hex;
}

function newHash(): wasm.Sha256 {
  return new wasm.Sha256();
}
