/** The picture by keyboard: zoom, pan, a crosshair that sets points and boxes. */

import type { App } from "./app";
import { clampTo, type Point2 } from "./geometry";
import { boxBetween, pointFor } from "./pointer";
import type { Stage } from "./stage";

const ARROWS: Record<string, Point2> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

const ZOOM_STEP = 1.25;
const PAN_STEP = 48;
/** CSS pixels per key press; Shift makes it fine. */
const CROSSHAIR_STEP = 16;

export class Keyboard {
  /** The first corner of a box, once it is set. */
  #corner: Point2 | null = null;

  constructor(
    private readonly app: App,
    private readonly stage: Stage,
  ) {
    stage.canvas.addEventListener("keydown", (event) => this.#onCanvas(event));
    document.addEventListener("keydown", (event) => this.#onPage(event));
    app.onChange(() => {
      if (app.tool === "move") this.#leave();
    });
  }

  #onPage(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    // A question that is being written keeps the text field's own undo.
    if (event.target instanceof HTMLTextAreaElement && event.target.dataset.draft) return;
    event.preventDefault();
    if (event.shiftKey) this.app.redo();
    else this.app.undo();
  }

  #onCanvas(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#act(event)) return;
    event.preventDefault();
  }

  #act({ key, shiftKey }: KeyboardEvent): boolean {
    const arrow = ARROWS[key];
    if (arrow) this.#arrow(arrow, shiftKey);
    else if (key === "+" || key === "=") this.stage.zoom(ZOOM_STEP);
    else if (key === "-") this.stage.zoom(1 / ZOOM_STEP);
    else if (key === "0") this.stage.fit();
    else if (key === "Enter" || key === " ") this.#set();
    else if (key === "Escape") this.#escape();
    else if (key === "Delete" || key === "Backspace") this.#remove();
    else return false;
    return true;
  }

  #arrow(by: Point2, fine: boolean): void {
    if (this.app.tool === "move") {
      this.stage.pan({ x: -by.x * PAN_STEP, y: -by.y * PAN_STEP });
      return;
    }
    const { extent, scale } = this.stage;
    if (extent === null) return;
    const step = (fine ? 1 : CROSSHAIR_STEP) / scale;
    const from = this.#crosshair(extent);
    this.stage.crosshair = clampTo(extent, { x: from.x + by.x * step, y: from.y + by.y * step });
    if (this.#corner) this.stage.draft = boxBetween(this.#corner, this.stage.crosshair);
    this.stage.redraw();
  }

  #crosshair(extent: { width: number; height: number }): Point2 {
    return this.stage.crosshair ?? { x: extent.width / 2, y: extent.height / 2 };
  }

  #set(): void {
    const { extent } = this.stage;
    const { tool } = this.app;
    if (extent === null || tool === "move") return;
    const at = this.#crosshair(extent);
    this.stage.crosshair = at;
    if (tool === "box") this.#setCorner(at);
    else void this.app.mark(pointFor(tool, at));
    this.stage.redraw();
  }

  #setCorner(at: Point2): void {
    if (this.#corner === null) {
      this.#corner = at;
      this.app.announce("First corner set. Move and press Enter for the other.");
      return;
    }
    const box = boxBetween(this.#corner, at);
    this.#leave();
    void this.app.mark({ box });
  }

  #escape(): void {
    if (this.app.busy) this.app.stop();
    else if (this.#corner) this.#leave();
    else this.app.set({ tool: "move" });
  }

  #remove(): void {
    const { selected } = this.app;
    if (selected && !this.app.busy) this.app.remove(selected.id);
  }

  #leave(): void {
    this.#corner = null;
    this.stage.crosshair = null;
    this.stage.draft = null;
    this.stage.redraw();
  }
}
