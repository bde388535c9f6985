/** Says beside the picture when it is a photograph, which nano does not know. */

import type { App, Offer } from "./app";
import { byId } from "./dom";
import { CHECKPOINTS } from "./models/checkpoints";
import { size } from "./words";

export class PhotographNotice {
  readonly #notice = byId("photograph", HTMLElement);
  readonly #text = byId("photograph-text", HTMLElement);
  readonly #live = byId("photograph-live", HTMLElement);
  /** The picture that it was dismissed for; another model may decode it again. */
  #dismissed: Offer | null = null;

  constructor(
    private readonly app: App,
    openModels: () => void,
  ) {
    const models = byId("photograph-models", HTMLButtonElement);
    const [smallest] = CHECKPOINTS;
    models.textContent = `Models for photographs (${size(smallest.download)})`;
    models.addEventListener("click", openModels);
    byId("photograph-dismiss", HTMLButtonElement).addEventListener("click", () => this.#dismiss());
    app.onChange(() => this.#update());
  }

  #update(): void {
    const { picture, opened, runtime } = this.app;
    const guesses = picture?.photograph === true && runtime.choice.source.kind === "embedded";
    const show = guesses && opened !== this.#dismissed;
    if (show !== this.#notice.hidden) return;
    this.#notice.hidden = !show;
    this.#live.textContent = show ? this.#text.textContent : "";
  }

  #dismiss(): void {
    this.#dismissed = this.app.opened;
    this.#update();
    // Where the button was there is nothing any more.
    byId("canvas", HTMLCanvasElement).focus({ preventScroll: true });
  }
}
