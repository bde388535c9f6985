/** Says that a new version waits, and moves to it when asked. */

import type { App } from "./app";
import { byId } from "./dom";
import type { Offline } from "./offline";
import { plural } from "./words";

export class UpdateView {
  readonly #bar = byId("update", HTMLElement);
  readonly #text = byId("update-text", HTMLElement);
  #dismissed = false;

  constructor(
    private readonly app: App,
    private readonly offline: Offline,
  ) {
    byId("update-reload", HTMLButtonElement).addEventListener("click", () => void this.#reload());
    byId("update-later", HTMLButtonElement).addEventListener("click", () => this.#dismiss());
    offline.onChange(() => this.#update());
  }

  #update(): void {
    const show = this.offline.updateReady && !this.#dismissed;
    if (show && this.#bar.hidden) this.app.announce("An update is ready.");
    this.#bar.hidden = !show;
  }

  #dismiss(): void {
    this.#dismissed = true;
    this.#update();
  }

  async #reload(): Promise<void> {
    const tabs = await this.offline.update();
    if (tabs < 2) return;
    const others = plural(tabs - 1, "other tab");
    this.#text.textContent = `${others} of this page still ${tabs === 2 ? "runs" : "run"} the version before. Close ${tabs === 2 ? "it" : "them"}, then reload.`;
    this.app.announce(this.#text.textContent);
  }
}
