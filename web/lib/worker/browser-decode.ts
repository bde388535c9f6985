/**
 * Pictures that only the browser can decode, such as AVIF, or HEIC in Safari.
 *
 * Pixels come by way of a video frame: browsers that protect privacy add noise to what is read
 * from a canvas, and not to frames. Where frames cannot be read, a canvas must do.
 */

import { canvasPixels } from "../bitmap";

export interface Pixels {
  width: number;
  height: number;
  /** RGBA in sRGB, the colors not multiplied by alpha. */
  data: Uint8Array<ArrayBuffer>;
}

/** Null when the browser cannot decode it either. */
export async function decodeByBrowser(bytes: Uint8Array<ArrayBuffer>): Promise<Pixels | null> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]), { premultiplyAlpha: "none" });
  } catch {
    return null;
  }
  try {
    return (await readFrame(bitmap)) ?? readCanvas(bitmap);
  } finally {
    bitmap.close();
  }
}

/** Frames know how they are to be turned, but give their pixels as they are stored. */
interface Turned {
  rotation?: number;
  flip?: boolean;
}

async function readFrame(bitmap: ImageBitmap): Promise<Pixels | null> {
  if (!("VideoFrame" in self)) return null;
  let frame: VideoFrame | null = null;
  try {
    frame = new VideoFrame(bitmap, { timestamp: 0 });
    const format: VideoFrameCopyToOptions = { format: "RGBA", colorSpace: "srgb" };
    const { width, height } = frame.visibleRect ?? bitmap;
    const data = new Uint8Array(width * height * 4);
    await frame.copyTo(data, { ...format, layout: [{ offset: 0, stride: width * 4 }] });
    return turn({ width, height, data }, frame as Turned);
  } catch {
    // This browser's frames come in other formats only.
    return null;
  } finally {
    frame?.close();
  }
}

function readCanvas(bitmap: ImageBitmap): Pixels | null {
  const pixels = canvasPixels(bitmap);
  if (pixels === null) return null;
  const { width, height, data } = pixels;
  return { width, height, data: new Uint8Array(data.buffer) };
}

/** Turns clockwise by quarters, then mirrors left and right. */
export function turn(pixels: Pixels, { rotation = 0, flip = false }: Turned): Pixels {
  if (rotation === 0 && !flip) return pixels;
  const { width: w, height: h } = pixels;
  const [width, height] = rotation % 180 === 0 ? [w, h] : [h, w];
  const from = new Uint32Array(pixels.data.buffer);
  const to = new Uint32Array(from.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const column = flip ? width - 1 - x : x;
      const [sourceX, sourceY] = source(rotation, column, y, w, h);
      to[y * width + x] = from[sourceY * w + sourceX] ?? 0;
    }
  }
  return { width, height, data: new Uint8Array(to.buffer) };
}

function source(rotation: number, x: number, y: number, w: number, h: number): [number, number] {
  switch (rotation) {
    case 90:
      return [y, h - 1 - x];
    case 180:
      return [w - 1 - x, h - 1 - y];
    case 270:
      return [w - 1 - y, x];
    default:
      return [x, y];
  }
}
