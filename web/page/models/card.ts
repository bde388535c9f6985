/** One model before it is used: what it is, what it needs, what it would cost. */

import {
  AskmaskError,
  type Bits,
  isAbort,
  type MaxTiles,
  type ModelReport,
  type ModelSource,
  preflight,
  type Stage,
} from "../../lib";
import type { App } from "../app";
import type { ModelChoice } from "../choice";
import { byId, facts, make, radios } from "../dom";
import { describeDownload } from "../progress";
import { TransferRate } from "../transfer-rate";
import { size } from "../words";
import { FIT_TITLES, reasonText, suggestionText } from "./fit";
import type { Install } from "./install";
import {
  bestLevers,
  isBegun,
  lowMemoryCost,
  type Reports,
  startLabel,
  TILES,
  tilesCost,
} from "./levers";

const STAGES: Record<Exclude<Stage, "download">, string> = {
  load: "Load",
  "encode-image": "Encode the picture",
  think: "Think",
  mask: "Draw the mask",
};

const BITS: { value: Bits; label: string }[] = [
  { value: 4, label: "4 bits" },
  { value: 8, label: "8 bits" },
];

/** Sooner than for a download: somebody waits for it. */
const RETRY = { idle: 30_000, delay: 100 };

export class ModelCard {
  readonly #title = byId("models-title", HTMLElement);
  readonly #body = byId("models-card", HTMLElement);
  readonly #foot = byId("card-foot", HTMLElement);
  readonly #fit = byId("card-fit", HTMLElement);
  readonly #fitTitle = byId("card-fit-title", HTMLElement);
  readonly #levers = byId("card-levers", HTMLFieldSetElement);
  readonly #lowMemory = byId("card-low-memory", HTMLInputElement);
  readonly #device = byId("card-device", HTMLSelectElement);
  readonly #start = byId("card-start", HTMLButtonElement);
  readonly #cancel = byId("card-cancel", HTMLButtonElement);
  readonly #error = byId("card-error", HTMLElement);
  readonly #promise = byId("card-promise", HTMLElement);
  readonly #tiles: Map<MaxTiles, HTMLInputElement>;
  readonly #bits: Map<Bits, HTMLInputElement>;
  readonly #tileCosts = new Map(TILES.map((tiles) => [tiles, make("small")]));
  readonly #rate = new TransferRate();
  #choice: ModelChoice | null = null;
  #reports: Reports | null = null;
  #checking: AbortController | null = null;

  constructor(
    private readonly app: App,
    private readonly install: Install,
    private readonly say: (text: string) => void,
    private readonly onReady: () => void,
  ) {
    const options = TILES.map((value) => ({
      value,
      label: value === 1 ? "1 tile" : `${value} tiles`,
    }));
    const content = (tiles: MaxTiles, label: string) => [label, this.#tileCosts.get(tiles) ?? ""];
    const pick = (maxTiles: MaxTiles) => this.#change({ maxTiles });
    this.#tiles = radios(byId("card-tiles", HTMLElement), options, content, pick);
    const pickBits = (bits: Bits) => this.#changeBits(bits);
    this.#bits = radios(byId("card-bits", HTMLElement), BITS, (_, label) => [label], pickBits);
    this.#lowMemory.addEventListener("change", () =>
      this.#change({ lowMemory: this.#lowMemory.checked }),
    );
    this.#device.addEventListener("change", () =>
      this.#change({ device: this.#device.value as ModelChoice["device"] }),
    );
    this.#start.addEventListener("click", () => void this.#begin());
    this.#cancel.addEventListener("click", () => install.cancel());
    install.onChange(() => this.#showInstall());
  }

  /** Looks at a model. Levers are set to what fits, unless they were chosen before. */
  show(source: ModelSource, name: string, chosen: ModelChoice | null): void {
    const { device } = this.app.runtime.choice;
    this.#choice = chosen ?? { source, name, device, maxTiles: 12, lowMemory: false };
    this.#reports = null;
    this.#error.textContent = "";
    this.#title.textContent = name;
    this.#body.scrollTop = 0;
    void this.#check(chosen === null);
  }

  leave(): void {
    this.#checking?.abort();
  }

  #change(levers: Partial<ModelChoice>): void {
    if (this.#choice === null) return;
    this.#choice = { ...this.#choice, ...levers };
    void this.#check(false);
  }

  /** Another conversion of the same source. */
  #changeBits(bits: Bits): void {
    const source = this.#choice?.source;
    if (source === undefined || source.kind === "embedded" || source.kind === "stored") return;
    const { bits: _, ...plain } = source;
    this.#change({ source: bits === 4 ? plain : { ...plain, bits } });
  }

  async #check(setLevers: boolean): Promise<void> {
    const choice = this.#choice;
    if (choice === null) return;
    this.#checking?.abort();
    const abort = new AbortController();
    this.#checking = abort;
    this.#error.textContent = "";
    this.#body.setAttribute("aria-busy", "true");
    this.#render();
    const { source, device, maxTiles } = choice;
    const look = (lowMemory: boolean) =>
      preflight(source, { device, maxTiles, lowMemory, signal: abort.signal, retry: RETRY });
    try {
      const [normal, low] = await Promise.all([look(false), look(true)]);
      if (abort.signal.aborted) return;
      const reports = { normal, low };
      const levers = setLevers ? bestLevers(reports) : {};
      this.#choice = { ...choice, name: normal.name, ...levers };
      // Reasons and stages are told for the levers that were asked about.
      if (setLevers && this.#choice.maxTiles !== maxTiles) return this.#check(false);
      this.#reports = reports;
      this.say(`${normal.name}: ${FIT_TITLES[this.#report?.preflight.fit ?? "fits"]}.`);
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) return;
      this.#fail(error);
    } finally {
      if (this.#checking === abort) this.#checking = null;
    }
    this.#body.removeAttribute("aria-busy");
    this.#render();
  }

  get #report(): ModelReport | null {
    const { normal, low } = this.#reports ?? {};
    return (this.#choice?.lowMemory ? low : normal) ?? null;
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof AskmaskError ? error.hint : "";
    this.#error.textContent = `${message} ${hint}`.trim();
  }

  async #begin(): Promise<void> {
    if (this.#choice === null) return;
    if (this.#reports === null) return this.#check(true);
    this.#error.textContent = "";
    this.#rate.reset();
    const { name } = this.#choice;
    const result = await this.install.run(this.#choice);
    if (result === "ready") {
      this.say(`${name} is ready.`);
      return this.onReady();
    }
    // Some of it is here now; meanwhile and afterwards it is told what went wrong.
    const checked = this.#check(false);
    if (result !== "cancelled") this.#fail(result);
    await checked;
    if (result === "cancelled") return this.say("Stopped. What has come is kept.");
    this.#fail(result);
    this.#render();
  }

  #render(): void {
    const report = this.#report;
    this.#body.classList.toggle("unknown", report === null);
    this.#renderStart(report);
    if (report === null || this.#reports === null || this.#choice === null) return;
    const { maxTiles, lowMemory, device } = this.#choice;
    this.#title.textContent = report.name;
    this.#renderFit(report);
    for (const [tiles, input] of this.#tiles) input.checked = tiles === maxTiles;
    for (const [tiles, cost] of this.#tileCosts) cost.textContent = tilesCost(report, tiles);
    this.#lowMemory.checked = lowMemory;
    this.#device.value = device;
    const { conversion } = report;
    const bits = conversion?.bits ?? null;
    byId("card-conversion", HTMLElement).hidden = bits === null;
    for (const [value, input] of this.#bits) input.checked = value === bits;
    byId("card-low-memory-cost", HTMLElement).textContent = lowMemoryCost(this.#reports);
    this.#renderFacts(report);
    const rows = report.preflight.stages.map(({ stage, gpu, heap }) => {
      const name = make("th", { scope: "row" }, STAGES[stage]);
      return make("tr", {}, name, make("td", {}, size(gpu)), make("td", {}, size(heap)));
    });
    byId("card-stages", HTMLElement).replaceChildren(...rows);
  }

  #renderFit({ preflight: { fit, reasons, suggestions, peak } }: ModelReport): void {
    this.#fit.dataset.fit = fit;
    this.#fitTitle.textContent = FIT_TITLES[fit];
    const peakTold = `It takes about ${size(peak)} of memory at its peak.`;
    const why = reasons.length === 0 ? [peakTold] : reasons.map(reasonText);
    const lines = [...why, ...suggestions.map(suggestionText)];
    byId("card-reasons", HTMLElement).replaceChildren(...lines.map((line) => make("li", {}, line)));
  }

  #renderFacts(report: ModelReport): void {
    const { bytes, cachedBytes, adapter, storage, device, conversion } = report;
    const amount = cachedBytes < bytes ? size(cachedBytes) : "all";
    const here = isBegun(report) ? `, ${amount} of it here` : "";
    const kept = conversion === null ? "Size" : "Keeps";
    facts(byId("card-facts", HTMLElement), [
      ["Made from", report.source],
      ["License", report.licence],
      ["From", report.host ?? "a folder on this computer"],
      [report.host === null ? "Reads" : "Downloads", conversion && size(conversion.download)],
      [kept, `${size(bytes)}${here}`],
      ["Would run on", device === "gpu" ? `GPU${adapter?.name ? `, ${adapter.name}` : ""}` : "CPU"],
    ]);
    facts(byId("card-machine", HTMLElement), [
      ["GPU", adapter === null ? "none that this page may use" : adapter.name || "unnamed"],
      ["Largest buffer", adapter && size(adapter.limits.maxBufferSize)],
      ["Largest binding", adapter && size(adapter.limits.maxStorageBufferBindingSize)],
      ["Features", adapter?.features.join(", ") ?? null],
      ["Storage", storage && `${size(storage.usage)} of ${size(storage.quota)} used`],
    ]);
  }

  #renderStart(report: ModelReport | null): void {
    const failed = this.#error.textContent !== "";
    const impossible = report?.preflight.fit === "does-not-fit";
    this.#start.disabled = (report === null && !failed) || impossible || this.#checking !== null;
    this.#start.textContent = report ? startLabel(report) : failed ? "Try again" : "Checking";
    const download = report?.conversion?.download ?? report?.preflight.download ?? 0;
    const converts = report?.conversion
      ? "Converted on the way, without a copy of the original. "
      : "";
    this.#promise.textContent =
      download > 0 && !impossible ? `${converts}Stays in this browser until you delete it.` : "";
    this.#levers.disabled = report === null;
  }

  #showInstall(): void {
    const { choice, progress } = this.install;
    const running = choice !== null;
    byId("install", HTMLElement).hidden = !running;
    this.#cancel.hidden = !running;
    this.#start.hidden = running;
    this.#levers.disabled = running;
    if (!running) return;
    const kept = progress?.layers ? "converted" : "downloaded";
    this.#promise.textContent =
      progress?.stage === "download" ? `Cancelling keeps what is ${kept}.` : "";
    const bar = byId("install-bar", HTMLProgressElement);
    const { done = 0, total = 0 } = progress ?? {};
    bar.value = total > 0 ? Math.min(done / total, 1) : 0;
    const detail = this.#installDetail();
    byId("install-detail", HTMLElement).textContent = detail;
    if (progress?.hold) this.say(detail);
  }

  #installDetail(): string {
    const { progress } = this.install;
    if (progress === null) return "Starting";
    const { stage, done, total = 0, layers, hold, note } = progress;
    if (hold) this.#rate.reset();
    if (note) return note;
    if (stage === "download" && layers) {
      const amount = describeDownload(this.#rate, done, total);
      return `Converting, ${amount}; ${layers.done} of ${layers.total} layers`;
    }
    if (stage === "download") return `Downloading, ${describeDownload(this.#rate, done, total)}`;
    return total > 0 ? `Preparing, ${size(done)} of ${size(total)}` : "Preparing";
  }

  /** Only one of the dialog's two halves is there at a time. */
  set hidden(hidden: boolean) {
    this.#body.hidden = hidden;
    this.#foot.hidden = hidden;
  }
}
