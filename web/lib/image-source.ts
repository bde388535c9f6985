/** A picture as people have it, as plain data for the worker. */

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
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (context === null)
    throw new AskmaskError("out-of-memory", `No canvas of ${width} × ${height} pixels.`);
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}
