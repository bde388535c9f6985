/** What a model would need here, before anything large is fetched. */

import * as wasm from "askmask-wasm";
import type { ModelReport, StorageReport } from "../models";
import type { ModelRequest } from "../protocol";
import { chooseDevice, describeAdapter } from "./device";
import type { Host } from "./host";
import { resolveModel } from "./resolve-model";
import type { Store } from "./store/store";

const MAX_TILES = 12;

export async function report(
  store: Store,
  request: ModelRequest,
  host: Host,
): Promise<ModelReport> {
  const [{ device }, adapter, storage, found] = await Promise.all([
    chooseDevice(request.device),
    describeAdapter(),
    describeStorage(),
    resolveModel(store, request, host),
  ]);
  const { name, source, licence, bytes } = found.manifest.listing;
  const preflight = wasm.preflight(found.manifest.text, await found.config(), {
    device,
    maxBufferSize: adapter?.limits.maxBufferSize ?? 0,
    maxStorageBufferBindingSize: adapter?.limits.maxStorageBufferBindingSize ?? 0,
    ...(adapter && { maxBufferBindingsPerStage: adapter.limits.maxStorageBuffersPerShaderStage }),
    ...(storage && { storageFree: Math.max(0, storage.quota - storage.usage) }),
    stored: found.stored,
    maxTiles: request.maxTiles ?? MAX_TILES,
    lowMemory: request.lowMemory ?? false,
  });
  const { host: server, stored: cachedBytes, conversion } = found;
  const facts = { name, source, licence, bytes, host: server, cachedBytes, conversion };
  return { ...facts, adapter, device, storage, preflight };
}

async function describeStorage(): Promise<StorageReport | null> {
  try {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    return { quota, usage, persisted: await navigator.storage.persisted() };
  } catch {
    // Insecure pages have no storage manager; private windows may refuse.
    return null;
  }
}
