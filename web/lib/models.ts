/** Models as the library's users see them: where from, what they need, what is kept. */

import type { DeviceKind as Device, Preflight } from "askmask-wasm";

/** Least bits of a weight matrix when a checkpoint is converted; 4 by default. */
export type Bits = 4 | 8;

/**
 * Where a model comes from: with this package; a folder on a web server, by its manifest; a
 * repository on a hub; files that a person picked; or this browser's storage. A checkpoint as its
 * publisher saved it is converted on the way, and only the result is stored.
 */
export type ModelSource =
  | { kind: "embedded" }
  | { kind: "manifest"; url: string; bits?: Bits | undefined }
  /** Files are at `{host}/{id}/resolve/{revision}/{file}`; host: huggingface.co. */
  | {
      kind: "hub";
      id: string;
      revision: string;
      host?: string | undefined;
      bits?: Bits | undefined;
    }
  /** A model folder's files, known by their plain names; a converted model's are never copied. */
  | { kind: "folder"; files: File[]; bits?: Bits | undefined }
  /** One that was converted from a folder, by its key in the storage. */
  | { kind: "stored"; key: string };

/** Most tiles that a picture is cut into for the language side. */
export type MaxTiles = 1 | 4 | 12;

/** How long a download waits, in milliseconds. */
export interface RetryPolicy {
  /** Without a byte for so long, a connection counts as dead; 30,000. */
  idle: number;
  /** Before the first retry; later ones take longer; 500. */
  delay: number;
}

/** A model in the browser's storage, whole or in part. */
export interface StoredModel {
  /** For {@link deleteModel}. */
  key: string;
  name: string;
  licence: string;
  source: ModelSource;
  /** Bytes of the whole model. */
  bytes: number;
  /** Bytes of it that are stored. */
  storedBytes: number;
  complete: boolean;
}

export interface AdapterReport {
  name: string;
  limits: {
    maxBufferSize: number;
    maxStorageBufferBindingSize: number;
    maxStorageBuffersPerShaderStage: number;
  };
  features: string[];
}

/** Bytes that this site may store and does store. */
export interface StorageReport {
  quota: number;
  usage: number;
  /** Whether the browser promised not to evict them. */
  persisted: boolean;
}

/** What a conversion takes; null where the model is converted already. */
export interface ConversionReport {
  /** Bytes of the source that are still to be read. */
  download: number;
  /** Null for one that was quantized before: its weights stay as they are. */
  bits: Bits | null;
}

/** All that can be known about a model before its weights are downloaded. */
export interface ModelReport {
  name: string;
  /** The repository or person it was made from. */
  source: string;
  licence: string;
  /** Who serves it; null for files that are here already. */
  host: string | null;
  /** Bytes of the model as it is stored. */
  bytes: number;
  /** Bytes that are stored already. */
  cachedBytes: number;
  conversion: ConversionReport | null;
  adapter: AdapterReport | null;
  /** Where the model would run. */
  device: Device;
  /** Null where the browser stores nothing for this page. */
  storage: StorageReport | null;
  preflight: Preflight;
}
