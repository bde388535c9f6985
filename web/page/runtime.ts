/** The one model of the page: loaded on first need, replaced on request. */

import {
  AskmaskError,
  abortable,
  type DeviceChoice,
  type DeviceReport,
  isSameSource,
  load,
  type Model,
  type ModelSource,
  models,
  type Options,
  type Progress,
} from "../lib";
import type { ModelChoice } from "./choice";
import { size } from "./words";

/** A load that all who need the model wait for; it ends when none of them does any more. */
interface Loading {
  model: Promise<Model>;
  abort: AbortController;
  waiting: Set<Options>;
}

export class Runtime {
  #loading: Loading | null = null;
  /** The model that runs; null until one is loaded. */
  loaded: Model | null = null;
  /** Called before a model goes, so that nothing is left waiting for it. */
  onRelease: () => void = () => undefined;

  /** `settled`: what the first load waits for. */
  constructor(
    public choice: ModelChoice,
    private readonly settled: Promise<void>,
  ) {}

  /** Where the model runs; null until one is loaded. */
  get device(): DeviceReport | null {
    return this.loaded?.device ?? null;
  }

  /** The loaded model. A failed or cancelled load is tried again next time. */
  async model(options: Options): Promise<Model> {
    options.signal?.throwIfAborted();
    this.#loading ??= this.#begin();
    const loading = this.#loading;
    loading.waiting.add(options);
    try {
      return await abortable(loading.model, options.signal);
    } finally {
      loading.waiting.delete(options);
      // Not at once: who stopped one piece of work may begin another that needs the same model.
      queueMicrotask(() => this.#dropUnwanted(loading));
    }
  }

  /** Loads another model, which takes over once it is ready. */
  async use(choice: ModelChoice, options: Options): Promise<void> {
    const onProgress = (progress: Progress) => {
      // Two models at once may be more than the GPU holds.
      if (progress.stage === "load") this.#release();
      options.onProgress?.(progress);
    };
    const model = await load(choice.source, { ...choice, ...options, onProgress });
    this.#release();
    this.choice = { ...choice, source: model.source };
    this.#loading = {
      model: Promise.resolve(model),
      abort: new AbortController(),
      waiting: new Set(),
    };
    this.loaded = model;
  }

  /** Drops the model; the next one is `choice`. */
  switchTo(choice: ModelChoice): void {
    this.#release();
    this.choice = choice;
  }

  #begin(): Loading {
    const abort = new AbortController();
    const waiting = new Set<Options>();
    const loading = { model: this.#load(abort.signal, waiting), abort, waiting };
    loading.model.then(
      (model) => {
        if (this.#loading === loading) this.loaded = model;
      },
      () => {
        if (this.#loading === loading) this.#loading = null;
      },
    );
    return loading;
  }

  async #load(signal: AbortSignal, waiting: ReadonlySet<Options>): Promise<Model> {
    await abortable(this.settled, signal);
    const { source } = this.choice;
    if (source.kind !== "embedded" && source.kind !== "folder")
      await this.#requireStored(source, signal);
    return load(source, {
      ...this.choice,
      signal,
      onProgress: (progress) => {
        for (const { onProgress } of waiting) onProgress?.(progress);
      },
      onRecover: (cause) => {
        for (const { onRecover } of waiting) onRecover?.(cause);
      },
    });
  }

  #dropUnwanted(loading: Loading): void {
    if (loading.waiting.size > 0 || this.loaded !== null || this.#loading !== loading) return;
    this.#loading = null;
    loading.abort.abort();
  }

  /** Nothing large is downloaded without the button that says how large. */
  async #requireStored(source: ModelSource, signal: AbortSignal): Promise<void> {
    const stored = (await models({ signal })).find((model) => isSameSource(model.source, source));
    if (stored?.complete) return;
    const missing = stored ? `; ${size(stored.bytes - stored.storedBytes)} are missing` : "";
    throw new AskmaskError(
      "network",
      `${this.choice.name} is not stored in this browser any more${missing}.`,
      "Download it again under Models, or let nano answer.",
    );
  }

  #release(): void {
    if (this.#loading === null) return;
    this.onRelease();
    const { model, abort } = this.#loading;
    abort.abort();
    model.then((loaded) => loaded.dispose()).catch(() => undefined);
    this.#loading = null;
    this.loaded = null;
  }
}

/** `?device=gpu` or `?device=cpu` in the address forces the device. */
export function choiceFromAddress(search: string): DeviceChoice | null {
  const value = new URLSearchParams(search).get("device");
  return value === "gpu" || value === "cpu" ? value : null;
}
