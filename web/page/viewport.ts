/** The picture on the page: view state, redraws, and what is shown over it. */

import type { Box } from "../lib";
import type { App } from "./app";
import { byId } from "./dom";
import { type Extent, fit, type Point2, pan, toPicture, type View, zoomAt } from "./geometry";
import { Renderer } from "./renderer";

export class Viewport {
  readonly canvas = byId("canvas", HTMLCanvasElement);
  readonly #frame = byId("viewport", HTMLElement);
  readonly #preview = byId("preview", HTMLImageElement);
  readonly #empty = byId("empty", HTMLElement);
  readonly #renderer = new Renderer(this.canvas, () => this.redraw());
  #view: View = { scale: 1, x: 0, y: 0 };
  #room: Extent = { width: 1, height: 1 };
  #density = devicePixelRatio;
  #shown: unknown = null;
  #queued = false;
  /** A box that is being drawn, and the keyboard's crosshair. */
  draft: Box | null = null;
  crosshair: Point2 | null = null;

  constructor(private readonly app: App) {
    app.onChange(() => this.redraw());
    this.#follow();
    this.#preview.addEventListener("error", () => {
      this.#preview.hidden = true;
    });
  }

  get extent(): Extent | null {
    return this.app.picture;
  }

  /** Picture pixels at a position of the canvas in CSS pixels. */
  at(position: Point2): Point2 {
    return toPicture(this.#view, position);
  }

  get scale(): number {
    return this.#view.scale;
  }

  fit(): void {
    if (this.extent) this.#view = fit(this.extent, this.#room);
    this.redraw();
  }

  /** Keeps the canvas as fine as the screen, also when the window moves to another one. */
  #follow(): void {
    const observer = new ResizeObserver(([entry]) => {
      const [box] = entry?.devicePixelContentBoxSize ?? [];
      this.#resize(box ? { width: box.inlineSize, height: box.blockSize } : null);
    });
    try {
      observer.observe(this.canvas, { box: "device-pixel-content-box" });
    } catch {
      // Safari does not tell it.
      observer.observe(this.canvas);
    }
    const watch = () => {
      const screen = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
      const changed = () => {
        this.#resize(null);
        watch();
      };
      screen.addEventListener("change", changed, { once: true });
    };
    watch();
  }

  #resize(told: Extent | null): void {
    const { width, height } = this.#room;
    this.#room = this.#renderer.resize(told);
    this.#density = devicePixelRatio;
    // On a denser screen the picture stays where it is.
    if (this.#room.width === width && this.#room.height === height) this.redraw();
    else this.fit();
  }

  zoom(factor: number, at?: Point2): void {
    if (!this.extent) return;
    const centre = { x: this.#room.width / 2, y: this.#room.height / 2 };
    this.#view = zoomAt(this.#view, factor, at ?? centre, this.extent, this.#room);
    this.redraw();
  }

  pan(by: Point2): void {
    if (!this.extent) return;
    this.#view = pan(this.#view, by, this.extent, this.#room);
    this.redraw();
  }

  /** Draws once before the next frame, however often it is called. */
  redraw(): void {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { app } = this;
    // Not every browser tells each change.
    if (this.#density !== devicePixelRatio) this.#resize(null);
    this.#showPreview();
    this.canvas.classList.toggle("moving", app.tool === "move");
    const { picture } = app;
    if (picture === null) {
      this.#renderer.clear();
      return;
    }
    if (picture !== this.#shown) {
      this.#shown = picture;
      this.#view = fit(picture, this.#room);
    }
    const { selected, pending, mode, opacity } = app;
    const { points, box } = pending ?? selected ?? { points: [], box: null };
    this.#renderer.draw({
      picture,
      view: this.#view,
      mode,
      opacity,
      items: app.visible,
      selected,
      points,
      box: this.draft ?? box,
      crosshair: this.crosshair,
    });
    this.canvas.setAttribute("aria-label", app.opened?.alt || app.opened?.name || "Picture");
    this.#frame.dataset.mode = mode;
  }

  /** Until a picture is decoded, the browser's own rendering stands in. */
  #showPreview(): void {
    const { offer, opened, picture, busy } = this.app;
    const ahead = offer !== null && (offer !== opened || picture === null);
    this.#empty.hidden = picture !== null || offer !== null;
    this.#frame.classList.toggle("busy", busy === "picture");
    if (ahead && this.#preview.getAttribute("src") !== offer.previewUrl) {
      this.#preview.hidden = false;
      this.#preview.src = offer.previewUrl;
      this.#preview.alt = offer.alt;
    } else if (!ahead) {
      this.#preview.hidden = true;
      this.#preview.removeAttribute("src");
    }
  }
}
