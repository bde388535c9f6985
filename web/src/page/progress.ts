/** The five stages of work, and one line of detail about the running one. */

import type { Progress, Stage } from "../lib";
import type { App } from "./app";
import { byId, make } from "./dom";
import { megabytes } from "./words";

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
  #downloadStart = 0;

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
    const { progress, busy } = this.app;
    const active = progress?.stage ?? null;
    const position = STAGES.findIndex(({ stage }) => stage === active);
    STAGES.forEach(({ stage }, index) => {
      const item = this.#items.get(stage);
      if (item) this.#mark(item, stage, index, position);
    });
    if (progress) this.#setBar(progress, active);
    this.#detail.textContent = progress
      ? this.#describe(progress)
      : busy
        ? "Starting"
        : this.#idle();
  }

  #mark(item: HTMLElement, stage: Stage, index: number, position: number): void {
    const state =
      position < 0
        ? this.#restState(stage)
        : index < position
          ? "done"
          : index === position
            ? "active"
            : "waiting";
    item.dataset.state = state;
    if (state === "active") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }

  /** Between two calls: what is ready and will be reused stays ticked. */
  #restState(stage: Stage): string {
    if (this.app.picture === null || this.app.busy !== null) return "waiting";
    return stage === "think" || stage === "mask" ? "waiting" : "done";
  }

  #setBar({ done, total }: Progress, active: Stage | null): void {
    const item = active ? this.#items.get(active) : undefined;
    item?.style.setProperty("--part", String(total ? Math.min(done / total, 1) : 0.5));
  }

  #describe({ stage, done, total }: Progress): string {
    const doing = STAGES.find((other) => other.stage === stage)?.doing ?? "";
    if (stage === "download") return this.#describeDownload(doing, done, total ?? 0);
    if (stage === "load" && total) return `${doing}, ${megabytes(done)} of ${megabytes(total)}`;
    return total && total > 1 ? `${doing}, ${done} of ${total}` : doing;
  }

  #describeDownload(doing: string, done: number, total: number): string {
    const now = performance.now();
    if (this.#downloadStart === 0) this.#downloadStart = now;
    const seconds = (now - this.#downloadStart) / 1000;
    const size = `${doing}, ${megabytes(done)} of ${megabytes(total)}`;
    if (seconds < 0.5 || done === 0) return size;
    const rate = done / seconds;
    return `${size}, ${megabytes(rate)}/s, ${Math.ceil((total - done) / rate)} s left`;
  }

  #idle(): string {
    return this.app.picture ? "Picture encoded. Questions and clicks reuse it." : "";
  }
}
