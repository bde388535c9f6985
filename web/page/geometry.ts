/**
 * Where the picture is on screen. A view maps picture pixels to CSS pixels of
 * the canvas: `screen = picture · scale + offset`.
 */

export interface Point2 {
  x: number;
  y: number;
}

export interface Extent {
  width: number;
  height: number;
}

export interface View {
  scale: number;
  x: number;
  y: number;
}

/** iOS gives blank canvases beyond so many pixels. */
const MOST_PIXELS = 16_777_216;
/** Of a canvas, where its pixels lie on a graphics card. */
const LONGEST_SIDE = 16_384;

/** A size that any browser has a canvas of: a picture's own, or a whole fraction of its sides. */
export function canvasSize({ width, height }: Extent): Extent & { factor: number } {
  for (let factor = 1; ; factor++) {
    const [w, h] = [Math.ceil(width / factor), Math.ceil(height / factor)];
    const fits = w * h <= MOST_PIXELS && Math.max(w, h) <= LONGEST_SIDE;
    if (fits) return { width: w, height: h, factor };
  }
}

const MAX_SCALE = 32;
/** A picture can shrink to this share of its fitted size. */
const MIN_ZOOM = 0.5;

/** The whole picture, centred, as large as it fits. */
export function fit(picture: Extent, canvas: Extent): View {
  const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
  return {
    scale,
    x: (canvas.width - picture.width * scale) / 2,
    y: (canvas.height - picture.height * scale) / 2,
  };
}

/** Zooms by `factor` and keeps the picture's pixel under `at` where it is. */
export function zoomAt(
  view: View,
  factor: number,
  at: Point2,
  picture: Extent,
  canvas: Extent,
): View {
  const fitted = fit(picture, canvas).scale;
  const lowest = fitted * MIN_ZOOM;
  const scale = Math.min(Math.max(view.scale * factor, lowest), Math.max(MAX_SCALE, fitted));
  const ratio = scale / view.scale;
  const x = at.x - (at.x - view.x) * ratio;
  const y = at.y - (at.y - view.y) * ratio;
  return keepVisible({ scale, x, y }, picture, canvas);
}

export function pan(view: View, by: Point2, picture: Extent, canvas: Extent): View {
  return keepVisible({ ...view, x: view.x + by.x, y: view.y + by.y }, picture, canvas);
}

/** Smaller than the canvas: centred. Larger: no gap wider than half of it. */
function keepVisible(view: View, picture: Extent, canvas: Extent): View {
  return {
    scale: view.scale,
    x: keepAxis(view.x, picture.width * view.scale, canvas.width),
    y: keepAxis(view.y, picture.height * view.scale, canvas.height),
  };
}

function keepAxis(offset: number, size: number, room: number): number {
  if (size <= room) return (room - size) / 2;
  return Math.min(Math.max(offset, room / 2 - size), room / 2);
}

export function toPicture(view: View, at: Point2): Point2 {
  return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
}

export function toScreen(view: View, at: Point2): Point2 {
  return { x: at.x * view.scale + view.x, y: at.y * view.scale + view.y };
}

export function clampTo(picture: Extent, at: Point2): Point2 {
  return {
    x: Math.min(Math.max(at.x, 0), picture.width),
    y: Math.min(Math.max(at.y, 0), picture.height),
  };
}

export function contains(picture: Extent, at: Point2): boolean {
  return at.x >= 0 && at.y >= 0 && at.x < picture.width && at.y < picture.height;
}
