/** What wasm calls back while one call runs: events out, and a way to stop. */

import type { HostCallbacks, TraceEvent } from "askmask-wasm";
import { abortError } from "../errors";
import type { CallEvent } from "../protocol";

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets queued messages in: a macrotask without `setTimeout`'s minimum delay. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

export class Host implements HostCallbacks {
  /** Only there when somebody listens: wasm reads every stage back from the GPU for it. */
  readonly onTrace?: (event: TraceEvent) => void;

  constructor(
    private readonly emit: (event: CallEvent) => void,
    readonly signal: AbortSignal,
    traced: boolean,
  ) {
    if (traced) this.onTrace = (event) => emit({ type: "trace", ...event });
  }

  onEvent(event: CallEvent): void {
    this.emit(event);
  }

  async checkpoint(): Promise<void> {
    await macrotask();
    if (this.signal.aborted) throw abortError();
  }
}
