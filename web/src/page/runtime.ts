/** The one model of the page: loaded on first need, replaced on request. */

import { type DeviceChoice, type DeviceReport, load, type Model, type Options } from "../lib";

export class Runtime {
  #model: Promise<Model> | null = null;
  #choice: DeviceChoice;
  /** Where the model runs; null until one is loaded. */
  device: DeviceReport | null = null;

  constructor(choice: DeviceChoice) {
    this.#choice = choice;
  }

  /** The loaded model. A failed or cancelled load is tried again next time. */
  async model(options: Options): Promise<Model> {
    this.#model ??= load({ kind: "embedded" }, { ...options, device: this.#choice });
    try {
      const model = await this.#model;
      this.device = model.device;
      return model;
    } catch (error) {
      this.#model = null;
      throw error;
    }
  }

  /** Drops the model; the next one runs on `choice`. */
  switchTo(choice: DeviceChoice): void {
    this.#choice = choice;
    this.device = null;
    this.#model?.then((model) => model.dispose()).catch(() => undefined);
    this.#model = null;
  }
}

/** `?device=gpu` or `?device=cpu` in the address forces the device. */
export function choiceFromAddress(search: string): DeviceChoice {
  const value = new URLSearchParams(search).get("device");
  return value === "gpu" || value === "cpu" ? value : "auto";
}
