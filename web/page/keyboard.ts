/** The picture by keyboard: zoom, pan, a crosshair that sets points and boxes. */

import type { App } from "./app";
import { clampTo, type Point2 } from "./geometry";
import { boxBetween, pointFor } from "./pointer";
import type { Viewport } from "./viewport";

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
    private readonly viewport: Viewport,
  ) {
    viewport.canvas.addEventListener("keydown", (event) => this.#onCanvas(event));
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
    else if (key === "+" || key === "=") this.viewport.zoom(ZOOM_STEP);
    else if (key === "-") this.viewport.zoom(1 / ZOOM_STEP);
    else if (key === "0") this.viewport.fit();
    else if (key === "Enter" || key === " ") this.#set();
    else if (key === "Escape") this.#escape();
    else if (key === "Delete" || key === "Backspace") this.#remove();
    else return false;
    return true;
  }

  #arrow(by: Point2, fine: boolean): void {
    if (this.app.tool === "move") {
      this.viewport.pan({ x: -by.x * PAN_STEP, y: -by.y * PAN_STEP });
      return;
    }
    const { extent, scale } = this.viewport;
    if (extent === null) return;
    const step = (fine ? 1 : CROSSHAIR_STEP) / scale;
    const from = this.#crosshair(extent);
    this.viewport.crosshair = clampTo(extent, { x: from.x + by.x * step, y: from.y + by.y * step });
    if (this.#corner) this.viewport.draft = boxBetween(this.#corner, this.viewport.crosshair);
    this.viewport.redraw();
  }

  #crosshair(extent: { width: number; height: number }): Point2 {
    return this.viewport.crosshair ?? { x: extent.width / 2, y: extent.height / 2 };
  }

  #set(): void {
    const { extent } = this.viewport;
    const { tool } = this.app;
    if (extent === null || tool === "move") return;
    const at = this.#crosshair(extent);
    this.viewport.crosshair = at;
    if (tool === "box") this.#setCorner(at);
    else void this.app.mark(pointFor(tool, at));
    this.viewport.redraw();
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
    this.viewport.crosshair = null;
    this.viewport.draft = null;
    this.viewport.redraw();
  }
}
