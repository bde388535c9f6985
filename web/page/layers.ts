/** Pictures and masks as canvases, at their own size or as large as a canvas may be. */

import type { Picture } from "../lib";
import { canvasSize, type Extent } from "./geometry";
import type { Item } from "./types";

const layers = new WeakMap<Item, OffscreenCanvas>();
const outlines = new WeakMap<Item, Path2D>();
const bases = new WeakMap<Picture, OffscreenCanvas>();

/** A clear canvas for a picture of this size. */
export function canvasFor(extent: Extent): OffscreenCanvas {
  const { width, height } = canvasSize(extent);
  return new OffscreenCanvas(width, height);
}

export function context2d(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser gives no 2D canvas.");
  return context;
}

export function baseOf(picture: Picture): OffscreenCanvas {
  const known = bases.get(picture);
  if (known) return known;
  const { preview } = picture;
  const canvas = new OffscreenCanvas(preview.width, preview.height);
  context2d(canvas).putImageData(preview, 0, 0);
  bases.set(picture, canvas);
  return canvas;
}

/** The item's mask as a layer in its color, clear elsewhere; its filled outline until `onPixels`. */
export function layerOf(item: Item, onPixels: () => void): OffscreenCanvas {
  const known = layers.get(item);
  if (known) return known;
  const { mask } = item.found;
  const canvas = canvasFor(mask);
  const context = context2d(canvas);
  const { factor } = canvasSize(mask);
  context.scale(1 / factor, 1 / factor);
  context.fillStyle = item.color;
  context.fill(outlineOf(item), "evenodd");
  layers.set(item, canvas);
  mask.pixels().then(
    (pixels) => {
      context.putImageData(colored(pixels, mask, item.color), 0, 0);
      onPixels();
    },
    // Asked for again when it is drawn again.
    () => layers.delete(item),
  );
  return canvas;
}

export function outlineOf(item: Item): Path2D {
  const known = outlines.get(item) ?? new Path2D(item.found.outline);
  outlines.set(item, known);
  return known;
}

/** Where pixels are joined, one inside is enough: nothing of a mask is lost to sight. */
function colored(pixels: Uint8Array, extent: Extent, color: string): ImageData {
  const { width, height, factor } = canvasSize(extent);
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  const rgb = Number.parseInt(color.slice(1), 16);
  // ImageData is RGBA in memory, so little-endian words read ABGR.
  const word = 0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16);
  if (factor === 1) {
    for (let index = 0; index < pixels.length; index++) if (pixels[index]) words[index] = word;
    return image;
  }
  for (let y = 0; y < extent.height; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < extent.width; x++) {
      if (pixels[y * extent.width + x]) words[row + Math.floor(x / factor)] = word;
    }
  }
  return image;
}
