/** The five stages of work, and one line of detail about the running one. */

import type { Progress, Stage } from "../lib";
import type { App } from "./app";
import { byId, make } from "./dom";
import { TransferRate } from "./transfer-rate";
import { duration, size } from "./words";

const STAGES: { stage: Stage; label: string; doing: string }[] = [
  { stage: "download", label: "Download", doing: "Downloading the model" },
  { stage: "load", label: "Prepare", doing: "Preparing the model" },
  { stage: "encode-image", label: "Encode", doing: "Looking at the picture" },
  { stage: "think", label: "Think", doing: "Thinking" },
  { stage: "mask", label: "Mask", doing: "Drawing the mask" },
];

export class ProgressView {
  readonly #list = byId("stages", HTMLElement);
  readonly #detail = byId("stage-detail", HTMLElement);
  readonly #items = new Map<Stage, HTMLElement>();
  readonly #rate = new TransferRate();

  constructor(private readonly app: App) {
    for (const { stage, label } of STAGES) {
      const item = make("li", {}, make("span", { className: "stage-bar" }), label);
      this.#items.set(stage, item);
      this.#list.append(item);
    }
    app.onChange(() => this.#update());
    this.#update();
  }

  #update(): void {
    const { progress } = this.app;
    const active = progress?.stage ?? null;
    const position = STAGES.findIndex(({ stage }) => stage === active);
    STAGES.forEach(({ stage }, index) => {
      const item = this.#items.get(stage);
      if (item) this.#mark(item, stage, index, position);
    });
    if (progress) this.#setBar(progress, active);
    this.#detail.textContent = this.#detailText();
  }

  #detailText(): string {
    const { progress, busy } = this.app;
    if (progress) return this.#describe(progress);
    return busy ? "Starting" : this.#idle();
  }

  #mark(item: HTMLElement, stage: Stage, index: number, position: number): void {
    const state = this.#state(stage, index, position);
    item.dataset.state = state;
    if (state === "active") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }

  #state(stage: Stage, index: number, position: number): string {
    if (position < 0) return this.#restState(stage);
    if (index < position) return "done";
    return index === position ? "active" : "waiting";
  }

  /** Between two calls: what is ready and will be reused stays ticked. */
  #restState(stage: Stage): string {
    if (this.app.picture === null || this.app.busy !== null) return "waiting";
    return stage === "think" || stage === "mask" ? "waiting" : "done";
  }

  #setBar({ done, total }: Progress, active: Stage | null): void {
    const item = active ? this.#items.get(active) : undefined;
    item?.style.setProperty("--done", String(total ? Math.min(done / total, 1) : 0.5));
  }

  #describe({ stage, done, total, note }: Progress): string {
    const doing = STAGES.find((other) => other.stage === stage)?.doing ?? "";
    if (note) return note;
    if (stage === "download") return `${doing}, ${describeDownload(this.#rate, done, total ?? 0)}`;
    if (stage === "load" && total) return `${doing}, ${size(done)} of ${size(total)}`;
    return total && total > 1 ? `${doing}, ${done} of ${total}` : doing;
  }

  #idle(): string {
    if (this.app.recovered) return "The GPU failed once on the way; a fresh start mended it.";
    return this.app.picture ? "Picture encoded. Questions and clicks reuse it." : "";
  }
}

/** "412 MB of 900 MB, 12.3 MB/s, 40 s left" */
export function describeDownload(rate: TransferRate, done: number, total: number): string {
  rate.add(done, performance.now());
  const { perSecond } = rate;
  const amount = `${size(done)} of ${size(total)}`;
  if (perSecond === null || done >= total) return amount;
  return `${amount}, ${size(perSecond)}/s, ${duration((total - done) / perSecond)} left`;
}
