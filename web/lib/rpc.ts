/** A serial bridge to a worker: one job at a time, cancellable, crash-proof. */

import { AskmaskError, abortError, FATAL_CODES, fromWire } from "./errors";
import type { CallEvent, FromWorker, Method, Params, Result, ToWorker } from "./protocol";

/** What of `Worker` the bridge uses. */
export type WorkerLike = Pick<Worker, "postMessage" | "terminate" | "onmessage" | "onerror">;

export interface CallOptions {
  signal?: AbortSignal | undefined;
  onEvent?: ((event: CallEvent) => void) | undefined;
  /** Whether the stages' tensors are sent too. */
  traced?: boolean | undefined;
}

/** What a job calls the worker with. */
export type Call = <M extends Method>(method: M, params: Params<M>) => Promise<Result<M>>;

interface Running {
  id: number;
  options: CallOptions;
  resolve: (value: Result<Method>) => void;
  reject: (error: Error) => void;
}

/** Longer than any single step takes, a first shader compilation included. */
const SILENCE_LIMIT_MS = 180_000;

let generations = 0;

function spawnWorker(): Worker {
  return new Worker(new URL("./worker/main.ts", import.meta.url), { type: "module" });
}

export class Bridge {
  /** Names one worker's life; a new one holds nothing of what the last one held. */
  generation = ++generations;
  #worker: WorkerLike | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #running: Running | null = null;
  #pending = new Set<(error: Error) => void>();
  #nextId = 1;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly spawn: () => WorkerLike = spawnWorker) {}

  /**
   * Runs `job` once all earlier jobs are through. Settles with `AbortError` as
   * soon as the signal fires; the next job still waits for the worker.
   */
  run<T>(job: (call: Call) => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(abortError());
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => {
        this.#abortRunning(options);
        reject(abortError());
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#pending.add(reject);
      const generation = this.generation;
      const turn = async () => {
        // A crash rejected everything that was waiting, this job included.
        if (signal?.aborted || generation !== this.generation) return;
        await job((method, params) => this.#call(method, params, options)).then(resolve, reject);
      };
      this.#tail = this.#tail.then(turn).finally(() => {
        signal?.removeEventListener("abort", onAbort);
        this.#pending.delete(reject);
      });
    });
  }

  /** Ends the worker and rejects everything under way or waiting. */
  stop(error: Error): void {
    clearTimeout(this.#silenceTimer);
    this.#worker?.terminate();
    this.#worker = null;
    this.generation = ++generations;
    this.#settle()?.reject(error);
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }

  #call<M extends Method>(method: M, params: Params<M>, options: CallOptions): Promise<Result<M>> {
    if (options.signal?.aborted) return Promise.reject(abortError());
    const id = this.#nextId++;
    return new Promise<Result<M>>((resolve, reject) => {
      const settle = resolve as (value: Result<Method>) => void;
      this.#running = { id, options, resolve: settle, reject };
      this.#post({ type: "call", id, method, params, traced: options.traced ?? false });
      this.#restartSilenceTimer();
    });
  }

  #post(message: ToWorker): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): WorkerLike {
    const worker = this.spawn();
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.#receive(event.data);
    worker.onerror = (event: ErrorEvent) => {
      event.preventDefault();
      this.#crash(event.message || "The worker could not start.");
    };
    return worker;
  }

  #receive(message: FromWorker): void {
    if (message.type === "crash") {
      this.#crash(message.message);
      return;
    }
    if (message.id !== this.#running?.id) return;
    this.#restartSilenceTimer();
    if (message.type === "event") this.#emit(this.#running, message.event);
    else this.#finish(message);
  }

  #finish(message: Extract<FromWorker, { type: "result" | "error" }>): void {
    const running = this.#settle();
    if (message.type === "result") {
      running?.resolve(message.value);
      return;
    }
    const error = fromWire(message.error);
    running?.reject(error);
    // What a failed GPU computes next would be silently wrong.
    if (error instanceof AskmaskError && FATAL_CODES.includes(error.code)) this.stop(error);
  }

  #crash(cause: string): void {
    const hint = "Your picture and edits are safe. Try again; a fresh start is automatic.";
    this.stop(
      new AskmaskError("internal", "The computation stopped unexpectedly.", hint, { cause }),
    );
  }

  #settle(): Running | null {
    clearTimeout(this.#silenceTimer);
    const running = this.#running;
    this.#running = null;
    return running;
  }

  #restartSilenceTimer(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#crash("The worker fell silent."), SILENCE_LIMIT_MS);
  }

  #emit({ options }: Running, event: CallEvent): void {
    if (!options.signal?.aborted) options.onEvent?.(event);
  }

  #abortRunning(options: CallOptions): void {
    if (this.#running?.options !== options) return;
    this.#worker?.postMessage({ type: "abort", id: this.#running.id } satisfies ToWorker);
  }
}

/** Runs one job in a worker of its own. */
export async function inWorker<T>(
  job: (call: Call) => Promise<T>,
  options: CallOptions = {},
): Promise<T> {
  const bridge = new Bridge();
  try {
    return await bridge.run(job, options);
  } finally {
    bridge.stop(new AskmaskError("disposed", "This call is over."));
  }
}
