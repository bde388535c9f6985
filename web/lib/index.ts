export type {
  Box,
  DeviceKind as Device,
  Fit,
  MemoryUsage,
  Point,
  Preflight,
  PreflightReason,
  PreflightSuggestion,
  TraceEvent,
  TraceStage,
} from "askmask-wasm";
export { abortable } from "./abort";
export { AskmaskError, ERROR_CODES, type ErrorCode, isAbort } from "./errors";
export { fetchImage } from "./fetch-image";
export { Mask } from "./mask";
export { deleteModel, modelFiles, models, preflight } from "./model-manager";
export type {
  AdapterReport,
  Bits,
  ConversionReport,
  MaxTiles,
  ModelReport,
  ModelSource,
  RetryPolicy,
  StorageReport,
  StoredModel,
} from "./models";
export type { AskOptions, ComputeOptions, LoadOptions, Options } from "./options";
export type { DeviceChoice, DeviceReport, Hold, Progress, Stage } from "./protocol";
export {
  type Answer,
  type FoundObject,
  load,
  Model,
  Picture,
  type Prompts,
} from "./session";
export { hubSource, isSameSource, parseSource } from "./source";
