/** The messages between page and worker. Nothing else crosses. */

import type {
  Box,
  DeviceKind as Device,
  Mask,
  MemoryUsage,
  Prompts,
  TraceEvent,
  Stage as WasmStage,
} from "askmask-wasm";
import type { WireError } from "./errors";
import type { MaxTiles, ModelReport, ModelSource, RetryPolicy, StoredModel } from "./models";

export type DeviceChoice = "auto" | Device;

/** Where the model runs, and why there. */
export interface DeviceReport {
  device: Device;
  /** One sentence for people. */
  reason: string;
  /** The GPU's own name, if it tells one. */
  adapter: string;
}

export type Stage = "download" | WasmStage;

/**
 * What holds a download up: another tab fetches the same file, bytes that are
 * here are being checked, or a fetch failed and is tried again.
 */
export type Hold = "waiting" | "checking" | "retrying";

/**
 * `done` of `total`: bytes for download and load, else transformer blocks,
 * tokens or objects. `total` may be unknown.
 */
export interface Progress {
  stage: Stage;
  done: number;
  total?: number | undefined;
  /** While a checkpoint is converted as it comes: its layers, and how many are through. */
  layers?: { done: number; total: number } | undefined;
  /** Only while the stage is held up. */
  hold?: Hold | undefined;
  /** One sentence for people: why it is held up. */
  note?: string | undefined;
}

/** An encoded picture file, or pixels. */
export type ImageSource =
  | { kind: "file"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "rgba"; data: Uint8Array<ArrayBuffer>; width: number; height: number };

/** An object; wasm keeps what refining it needs. */
export interface WireObject {
  /** Names it in its worker. */
  handle: number;
  score: number;
  objectScore: number;
  area: number;
  box: Box | null;
  /** The mask: COCO's compressed run lengths as JSON. */
  rle: string;
  /** SVG path data in picture pixels. */
  outline: string;
}

/** A mask: COCO's compressed run lengths as JSON, or width · height bytes of 0 or 1, row-major. */
export type MaskData = string | { pixels: Uint8Array<ArrayBuffer>; width: number; height: number };

/** What a mask can be turned into without its picture: names of wasm's methods. */
export type MaskForm = "pixels" | "png" | "rle" | "svgPath";
export type FormOf<F extends MaskForm> = ReturnType<Mask[F]>;

/** Which model, and how it is to run. */
export interface ModelRequest {
  source: ModelSource;
  /** Address of the embedded model's manifest. */
  embedded: string;
  device: DeviceChoice;
  maxTiles?: MaxTiles | undefined;
  lowMemory?: boolean | undefined;
  retry?: RetryPolicy | undefined;
  /** Files that could only be kept in memory by an earlier worker, by their SHA-256. */
  kept?: Map<string, Blob> | undefined;
  /** Stored files are hashed again: an earlier worker could not make sense of them. */
  rehash?: boolean | undefined;
}

export interface Loaded {
  device: DeviceReport;
  /** SHA-256 of the manifest, in hex: names exactly this model. */
  manifest: string;
  /** What the model can be loaded by again. */
  source: ModelSource;
  /** Files that could only be kept in memory, by their SHA-256. */
  kept: Map<string, Blob>;
  /** Something that people should know about this model, in one sentence. */
  notice: string | null;
}

/** Each method with what it takes and what it gives. */
interface Methods {
  load: { params: ModelRequest; result: Loaded };
  preflight: { params: ModelRequest; result: ModelReport };
  models: { params: null; result: StoredModel[] };
  deleteModel: { params: { key: string }; result: null };
  modelFiles: { params: { key: string }; result: Map<string, Blob> };
  memoryUsage: { params: null; result: MemoryUsage };
  setImage: {
    params: { image: number; source: ImageSource };
    result: {
      width: number;
      height: number;
      /** Whether a camera took it, as far as the file says so or its pixels look like it. */
      photograph: boolean;
      /** For showing it; smaller than the picture where that is very large. */
      preview: { width: number; height: number; rgba: Uint8Array<ArrayBuffer> };
      /** Something that people should know about how it was opened, in one sentence. */
      notice: string | null;
    };
  };
  ask: {
    params: { image: number; question: string };
    result: { text: string; marked: string; objects: WireObject[] };
  };
  refine: {
    params: { image: number; prompts: Prompts; previous: number | null };
    result: WireObject;
  };
  encodeMask: { params: { mask: MaskData; form: MaskForm }; result: FormOf<MaskForm> };
  cutout: { params: { image: number; mask: MaskData }; result: Uint8Array<ArrayBuffer> };
  disposeImage: { params: { image: number }; result: null };
}

export type Method = keyof Methods;
export type Params<M extends Method> = Methods[M]["params"];
export type Result<M extends Method> = Methods[M]["result"];

export type CallEvent =
  | ({ type: "progress" } & Progress)
  | { type: "token"; text: string }
  | ({ type: "trace" } & TraceEvent);

export type ToWorker =
  | { type: "call"; id: number; method: Method; params: Params<Method>; traced: boolean }
  | { type: "abort"; id: number };

export type FromWorker =
  | { type: "event"; id: number; event: CallEvent }
  | { type: "result"; id: number; value: Result<Method> }
  | { type: "error"; id: number; error: WireError }
  /** The wasm module trapped; the worker is of no further use. */
  | { type: "crash"; message: string };
