/** Draws the picture, its masks and marks onto a canvas. */

import type { Box, Picture, Point } from "../lib";
import { type Extent, type Point2, toScreen, type View } from "./geometry";
import { baseOf, canvasFor, context2d, layerOf, outlineOf } from "./layers";
import type { Item, ViewMode } from "./types";

interface Scene {
  picture: Picture;
  view: View;
  mode: ViewMode;
  opacity: number;
  items: readonly Item[];
  selected: Item | null;
  points: readonly Point[];
  box: Box | null;
  /** The keyboard's crosshair in picture pixels. */
  crosshair: Point2 | null;
}

export class Renderer {
  readonly #context: CanvasRenderingContext2D;
  #union: { mode: ViewMode; items: readonly Item[]; image: OffscreenCanvas } | null = null;

  /** `onPixels` is called when what was drawn can be drawn better. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onPixels: () => void,
  ) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("This browser gives no 2D canvas.");
    this.#context = context;
  }

  /**
   * Fits the canvas to its place on the page and to the screen; returns its size in CSS pixels.
   * `told` is its size on the screen to the pixel, from browsers that tell it.
   */
  resize(told: Extent | null): Extent {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const exact = (css: number, pixels = 0) =>
      Math.abs(pixels - css * devicePixelRatio) < 1 ? pixels : Math.round(css * devicePixelRatio);
    const [w, h] = [exact(width, told?.width), exact(height, told?.height)];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
    return { width, height };
  }

  /** The canvas's own pixels in one of CSS; the screen's may have changed since it was fitted. */
  get #ratio(): number {
    return this.canvas.width / Math.max(1, this.canvas.clientWidth);
  }

  clear(): void {
    this.#context.resetTransform();
    this.#context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  draw(scene: Scene): void {
    this.clear();
    this.#drawPicture(scene);
    if (scene.mode === "overlay") this.#drawOutlines(scene);
    if (scene.mode !== "original") this.#drawMarks(scene);
  }

  #drawPicture(scene: Scene): void {
    const context = this.#context;
    const { view, picture, mode } = scene;
    const ratio = this.#ratio;
    const scale = view.scale * ratio;
    context.setTransform(scale, 0, 0, scale, view.x * ratio, view.y * ratio);
    // Enlarged pixels stay squares: what is shown is what is exported.
    context.imageSmoothingEnabled = scale < 3;
    context.imageSmoothingQuality = "high";
    // Canvases may be smaller than the picture that they stand for.
    const { width, height } = picture;
    const paint = (image: OffscreenCanvas) => context.drawImage(image, 0, 0, width, height);
    if (mode === "overlay" || mode === "original") {
      // What the model sees where the picture is clear.
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, height);
      paint(baseOf(picture));
    }
    if (mode === "overlay") this.#drawLayers(scene);
    if (mode === "mask") {
      context.fillStyle = "#000";
      context.fillRect(0, 0, width, height);
    }
    if (mode === "mask" || mode === "cutout") paint(this.#unionOf(scene));
  }

  #drawLayers({ items, opacity, picture: { width, height } }: Scene): void {
    this.#context.globalAlpha = opacity;
    for (const item of items) this.#context.drawImage(this.#layerOf(item), 0, 0, width, height);
    this.#context.globalAlpha = 1;
  }

  #layerOf(item: Item): OffscreenCanvas {
    return layerOf(item, () => {
      this.#union = null;
      this.onPixels();
    });
  }

  #unionOf(scene: Scene): OffscreenCanvas {
    const { mode, items } = scene;
    const known = this.#union;
    const same = known?.mode === mode && known.items.length === items.length;
    if (known && same && known.items.every((item, index) => item === items[index])) {
      return known.image;
    }
    const image = this.#join(scene, mode === "mask" ? "#fff" : baseOf(scene.picture));
    this.#union = { mode, items, image };
    return image;
  }

  /** All masks joined, filled with one color or the picture. */
  #join({ items, picture }: Scene, fill: CanvasImageSource | string): OffscreenCanvas {
    const canvas = canvasFor(picture);
    const context = context2d(canvas);
    for (const item of items) context.drawImage(this.#layerOf(item), 0, 0);
    context.globalCompositeOperation = "source-in";
    if (typeof fill === "string") {
      context.fillStyle = fill;
      context.fillRect(0, 0, canvas.width, canvas.height);
    } else {
      context.drawImage(fill, 0, 0, canvas.width, canvas.height);
    }
    return canvas;
  }

  #drawOutlines({ items, selected, view }: Scene): void {
    const ratio = this.#ratio;
    const matrix = new DOMMatrix([view.scale, 0, 0, view.scale, view.x, view.y]);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const item of items) {
      const path = new Path2D();
      path.addPath(outlineOf(item), matrix);
      const width = item.id === selected?.id ? 2.5 : 1.5;
      this.#stroke(path, item.color, width);
    }
  }

  /** A white rim keeps a line visible on any ground. */
  #stroke(path: Path2D, color: string, width: number): void {
    const context = this.#context;
    context.lineJoin = "round";
    context.strokeStyle = "rgb(255 255 255 / 0.9)";
    context.lineWidth = width + 2;
    context.stroke(path);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke(path);
  }

  #drawMarks({ points, box, view, selected, crosshair }: Scene): void {
    const ratio = this.#ratio;
    const color = selected?.color ?? "#1c1b1a";
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (box) this.#drawBox(box, view, color);
    for (const point of points) this.#drawPoint(point, view);
    if (crosshair) this.#drawCrosshair(toScreen(view, crosshair));
  }

  #drawBox([x0, y0, x1, y1]: Box, view: View, color: string): void {
    const a = toScreen(view, { x: x0, y: y0 });
    const b = toScreen(view, { x: x1, y: y1 });
    const path = new Path2D();
    path.rect(a.x, a.y, b.x - a.x, b.y - a.y);
    this.#context.setLineDash([7, 5]);
    this.#stroke(path, color, 2);
    this.#context.setLineDash([]);
  }

  #drawPoint(point: Point, view: View): void {
    const { x, y } = toScreen(view, point);
    const context = this.#context;
    const disc = new Path2D();
    disc.arc(x, y, 9, 0, 2 * Math.PI);
    context.fillStyle = point.label === 1 ? "#0a7d4f" : "#c02626";
    context.fill(disc);
    const sign = new Path2D(`M${x - 4} ${y}h8`);
    if (point.label === 1) sign.addPath(new Path2D(`M${x} ${y - 4}v8`));
    context.strokeStyle = "#fff";
    context.lineWidth = 2;
    context.stroke(disc);
    context.stroke(sign);
  }

  #drawCrosshair({ x, y }: Point2): void {
    this.#stroke(new Path2D(`M${x - 14} ${y}h28M${x} ${y - 14}v28`), "#1c1b1a", 1.5);
  }
}
