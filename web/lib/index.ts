export { AskmaskError, ERROR_CODES, type ErrorCode } from "./errors";
export { deleteModel, models, preflight } from "./library";
export { Mask } from "./mask";
export type {
  AdapterReport,
  MaxTiles,
  MemoryUsage,
  ModelReport,
  ModelSource,
  Patience,
  Preflight,
  StorageReport,
  StoredModel,
} from "./models";
export type {
  Box,
  Device,
  DeviceChoice,
  DeviceReport,
  Hold,
  Point,
  Progress,
  Stage,
} from "./protocol";
export {
  type Answer,
  type AskOptions,
  type FoundObject,
  type LoadOptions,
  load,
  Model,
  type Options,
  Picture,
  type Prompts,
} from "./session";
