/** The one model of the page: loaded on first need, replaced on request. */

import {
  AskmaskError,
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

export class Runtime {
  #model: Promise<Model> | null = null;
  /** The model that runs; null until one is loaded. */
  loaded: Model | null = null;
  /** Called before a model goes, so that nothing is left waiting for it. */
  onRelease: () => void = () => undefined;

  constructor(public choice: ModelChoice) {}

  /** Where the model runs; null until one is loaded. */
  get device(): DeviceReport | null {
    return this.loaded?.device ?? null;
  }

  /** The loaded model. A failed or cancelled load is tried again next time. */
  async model(options: Options): Promise<Model> {
    const loading = this.#model ?? this.#load(options);
    this.#model = loading;
    try {
      const model = await loading;
      if (this.#model === loading) this.loaded = model;
      return model;
    } catch (error) {
      if (this.#model === loading) this.#model = null;
      throw error;
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
    this.choice = choice;
    this.#model = Promise.resolve(model);
    this.loaded = model;
  }

  /** Drops the model; the next one is `choice`. */
  switchTo(choice: ModelChoice): void {
    this.#release();
    this.choice = choice;
  }

  async #load(options: Options): Promise<Model> {
    const { source } = this.choice;
    if (source.kind === "manifest" || source.kind === "hub") await this.#requireStored(source);
    return load(source, { ...this.choice, ...options });
  }

  /** Nothing large is downloaded without the button that says how large. */
  async #requireStored(source: ModelSource): Promise<void> {
    const stored = (await models()).find((model) => isSameSource(model.source, source));
    if (stored?.complete) return;
    const missing = stored ? `; ${size(stored.bytes - stored.storedBytes)} are missing` : "";
    throw new AskmaskError(
      "network",
      `${this.choice.name} is not stored in this browser any more${missing}.`,
      "Download it again under Models, or let nano answer.",
    );
  }

  #release(): void {
    if (this.#model === null) return;
    this.onRelease();
    this.#model.then((model) => model.dispose()).catch(() => undefined);
    this.#model = null;
    this.loaded = null;
  }
}

/** `?device=gpu` or `?device=cpu` in the address forces the device. */
export function choiceFromAddress(search: string): DeviceChoice | null {
  const value = new URLSearchParams(search).get("device");
  return value === "gpu" || value === "cpu" ? value : null;
}
