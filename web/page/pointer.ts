/** Mouse, pen and touch on the picture: pan, pinch, click, box. */

import type { Box, Point } from "../lib";
import type { App } from "./app";
import { clampTo, contains, type Point2 } from "./geometry";
import type { Viewport } from "./viewport";

/** Moves shorter than this many CSS pixels are a click. */
const CLICK_SLOP = 5;

export class Pointer {
  #touches = new Map<number, Point2>();
  #start: Point2 | null = null;
  #moved = false;

  constructor(
    private readonly app: App,
    private readonly viewport: Viewport,
  ) {
    const { canvas } = viewport;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #position(event: MouseEvent): Point2 {
    return { x: event.offsetX, y: event.offsetY };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.viewport.canvas.setPointerCapture(event.pointerId);
    this.viewport.crosshair = null;
    const position = this.#position(event);
    this.#touches.set(event.pointerId, position);
    this.#start = this.#touches.size === 1 ? position : null;
    this.#moved = false;
    if (this.#touches.size > 1) this.viewport.draft = null;
  }

  #move(event: PointerEvent): void {
    const before = this.#touches.get(event.pointerId);
    if (before === undefined) return;
    const position = this.#position(event);
    if (this.#touches.size === 2) this.#pinch(event.pointerId, before, position);
    else this.#drag(before, position);
    this.#touches.set(event.pointerId, position);
  }

  #drag(before: Point2, position: Point2): void {
    if (this.#start === null) return;
    const travel = Math.hypot(position.x - this.#start.x, position.y - this.#start.y);
    if (travel > CLICK_SLOP) this.#moved = true;
    if (!this.#moved) return;
    if (this.app.tool === "box") this.#draft(position);
    else this.viewport.pan({ x: position.x - before.x, y: position.y - before.y });
  }

  #pinch(id: number, before: Point2, position: Point2): void {
    const other = [...this.#touches].find(([key]) => key !== id)?.[1];
    if (other === undefined) return;
    const distance = (a: Point2) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
    const middle = { x: (position.x + other.x) / 2, y: (position.y + other.y) / 2 };
    this.viewport.pan({ x: (position.x - before.x) / 2, y: (position.y - before.y) / 2 });
    this.viewport.zoom(distance(position) / distance(before), middle);
  }

  #up(event: PointerEvent): void {
    if (!this.#touches.delete(event.pointerId) || this.#start === null) return;
    this.#start = null;
    const { draft } = this.viewport;
    this.viewport.draft = null;
    if (draft) void this.app.mark({ box: draft });
    else if (!this.#moved) this.#click(this.viewport.at(this.#position(event)));
    this.viewport.redraw();
  }

  #cancel(event: PointerEvent): void {
    this.#touches.delete(event.pointerId);
    this.#start = null;
    this.viewport.draft = null;
    this.viewport.redraw();
  }

  #click(at: Point2): void {
    const { extent } = this.viewport;
    if (extent === null || !contains(extent, at)) return;
    const { tool } = this.app;
    if (tool === "include" || tool === "exclude") void this.app.mark(pointFor(tool, at));
    if (tool === "move") this.app.report(this.#pick(at));
  }

  /** Selects the topmost visible object under a click. */
  async #pick(at: Point2): Promise<void> {
    for (const { id, found } of this.app.visible.toReversed()) {
      // There at once: what is visible was drawn.
      const pixels = await found.mask.pixels();
      const index = Math.floor(at.y) * found.mask.width + Math.floor(at.x);
      if (pixels[index] === 1) return this.app.select(id);
    }
  }

  #draft(position: Point2): void {
    const { extent } = this.viewport;
    if (extent === null || this.#start === null) return;
    const a = clampTo(extent, this.viewport.at(this.#start));
    const b = clampTo(extent, this.viewport.at(position));
    this.viewport.draft = boxBetween(a, b);
    this.viewport.redraw();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    // A trackpad's pinch arrives as small steps with ctrlKey set.
    const speed = event.ctrlKey ? 0.01 : 0.0015;
    this.viewport.zoom(Math.exp(-event.deltaY * speed), this.#position(event));
  }
}

export function pointFor(tool: "include" | "exclude", at: Point2): Point {
  return { ...at, label: tool === "include" ? 1 : 0 };
}

export function boxBetween(a: Point2, b: Point2): Box {
  return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
}
