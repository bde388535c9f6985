/** What callers may set, and how it goes to the worker. */

import type { TraceEvent } from "askmask-wasm";
import type { AskmaskError } from "./errors";
import type { MaxTiles, ModelSource, RetryPolicy } from "./models";
import type { CallEvent, DeviceChoice, ModelRequest, Progress } from "./protocol";
import type { CallOptions } from "./rpc";
import { parseSource } from "./source";

export interface Options {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Called when the GPU failed and the call starts over in a fresh worker.
   * Tokens that came before belong to the failed try.
   */
  onRecover?: ((cause: AskmaskError) => void) | undefined;
}

export interface LoadOptions extends Options {
  /** `auto` takes the GPU if it is a real one. */
  device?: DeviceChoice | undefined;
  /** Most tiles that the language side sees of a picture: fewer are faster and coarser. */
  maxTiles?: MaxTiles | undefined;
  /** Keeps one part of the model on the GPU at a time; slower. */
  lowMemory?: boolean | undefined;
  /** Folder that holds the embedded model's `models/`; the page's own by default. */
  assetBase?: string | undefined;
  retry?: RetryPolicy | undefined;
}

/** For calls that compute. */
export interface ComputeOptions extends Options {
  /**
   * Called with each tensor that the stages compute; without it none is read back. A picture that
   * a fresh worker has to encode again is traced again.
   */
  onTrace?: ((event: TraceEvent) => void) | undefined;
}

export interface AskOptions extends ComputeOptions {
  /** Called with the next characters of the answer, as they are written. */
  onToken?: ((text: string) => void) | undefined;
}

export function modelRequest(source: string | ModelSource, options: LoadOptions): ModelRequest {
  const base = new URL(options.assetBase ?? "./", document.baseURI);
  const embedded = new URL("models/nano/manifest.json", base).href;
  const { device = "auto", maxTiles, lowMemory, retry } = options;
  const parsed = typeof source === "string" ? parseSource(source, document.baseURI) : source;
  return { source: parsed, embedded, device, maxTiles, lowMemory, retry };
}

export function callOptions(options: AskOptions): CallOptions {
  const { signal, onProgress, onToken, onTrace } = options;
  const onEvent = (event: CallEvent) => {
    if (event.type === "token") onToken?.(event.text);
    else if (event.type === "trace") onTrace?.(event);
    else onProgress?.(event);
  };
  return { signal, onEvent, traced: onTrace !== undefined };
}
