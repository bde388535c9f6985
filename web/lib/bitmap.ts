/** Pixels of a bitmap by way of a canvas, or null where that is too large for one. */
export function canvasPixels(bitmap: ImageBitmap): ImageData | null {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (context === null) return null;
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}
