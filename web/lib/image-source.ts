/** A picture as people have it, as plain data for the worker. */

import { canvasPixels } from "./bitmap";
import { AskmaskError } from "./errors";
import type { ImageSource } from "./protocol";

/** Files stay encoded: the worker decodes them, whatever the browser does to its canvases. */
export async function readImage(source: Blob | ImageData | ImageBitmap): Promise<ImageSource> {
  if (source instanceof Blob)
    return { kind: "file", bytes: new Uint8Array(await source.arrayBuffer()) };
  const { data, width, height } = source instanceof ImageData ? source : readBitmap(source);
  return { kind: "rgba", data: new Uint8Array(data), width, height };
}

/** A bitmap gives its pixels only by way of a canvas. */
function readBitmap(bitmap: ImageBitmap): ImageData {
  const pixels = canvasPixels(bitmap);
  if (pixels !== null) return pixels;
  const { width, height } = bitmap;
  throw new AskmaskError("out-of-memory", `No canvas of ${width} × ${height} pixels.`);
}
