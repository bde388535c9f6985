export { AskmaskError, ERROR_CODES, type ErrorCode } from "./errors";
export { Mask } from "./mask";
export type { Box, Device, DeviceChoice, DeviceReport, Point, Progress, Stage } from "./protocol";
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
