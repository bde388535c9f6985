/** The worker: receives calls, runs them on the engine, reports crashes. */

import { toWire } from "../errors";
import type { CallEvent, FromWorker, Method, Params, Result, ToWorker } from "../protocol";
import { Engine } from "./engine";
import { Host } from "./host";

declare const self: DedicatedWorkerGlobalScope;

const engine = new Engine();
const aborts = new Map<number, AbortController>();

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

function dispatch(
  method: Method,
  params: Params<Method>,
  host: Host,
): Result<Method> | Promise<Result<Method>> {
  // The protocol pairs each method with its parameters; a union cannot say so.
  const run = engine[method].bind(engine) as (
    params: Params<Method>,
    host: Host,
  ) => Result<Method> | Promise<Result<Method>>;
  return run(params, host);
}

async function handle(message: Extract<ToWorker, { type: "call" }>): Promise<void> {
  const { id, method, params, traced } = message;
  const abort = new AbortController();
  aborts.set(id, abort);
  const emit = (event: CallEvent) => {
    post({ type: "event", id, event }, event.type === "trace" ? [event.values.buffer] : []);
  };
  const host = new Host(emit, abort.signal, traced);
  try {
    const value = await dispatch(method, params, host);
    post({ type: "result", id, value }, transferables(value));
  } catch (error) {
    // After a trap the module's memory is in no known state.
    if (error instanceof WebAssembly.RuntimeError) post({ type: "crash", message: error.message });
    else post({ type: "error", id, error: toWire(error) });
  } finally {
    aborts.delete(id);
  }
}

/** Large pixel buffers move to the page instead of being copied. */
function transferables(value: Result<Method>): Transferable[] {
  if (value instanceof Uint8Array) return [value.buffer];
  if (value === null || typeof value !== "object") return [];
  return "preview" in value ? [value.preview.rgba.buffer] : [];
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "abort") aborts.get(data.id)?.abort();
  else void handle(data);
};

// A trap inside a task that wasm queued itself reaches no `catch` of ours.
self.addEventListener("unhandledrejection", (event) => {
  post({ type: "crash", message: String(event.reason) });
});
