/** Saves masks as files at the picture's own size. */

import type { Mask, Picture } from "../lib";
import { saveFile } from "./dom";
import type { Item } from "./types";

type FileKind = "mask" | "cutout" | "rle" | "svg";

/** Each with what it is, for people, and how its file's name ends. */
export const FILE_KINDS: { kind: FileKind; label: string; file: string; ending: string }[] = [
  { kind: "mask", label: "Mask", file: "mask as PNG", ending: "mask.png" },
  { kind: "cutout", label: "Cutout", file: "cutout as PNG", ending: "cutout.png" },
  { kind: "rle", label: "RLE", file: "COCO run lengths as JSON", ending: "rle.json" },
  { kind: "svg", label: "SVG", file: "outline as SVG", ending: "mask.svg" },
];

/** The joined mask of all items, in a picture whose model still runs. */
async function joined(picture: Picture, items: readonly Item[]): Promise<Mask> {
  const masks = await Promise.all(items.map(({ found }) => found.mask.pixels()));
  const pixels = new Uint8Array(picture.width * picture.height);
  for (const mask of masks) {
    for (let index = 0; index < mask.length; index++) if (mask[index]) pixels[index] = 1;
  }
  return picture.mask(pixels);
}

async function encode(mask: Mask, kind: FileKind): Promise<Blob> {
  switch (kind) {
    case "mask":
      return mask.toBlob();
    case "cutout":
      return mask.toCutout();
    case "rle":
      return new Blob([await mask.toRle()], { type: "application/json" });
    case "svg":
      return new Blob([svgFile(mask, await mask.toSvgPath())], { type: "image/svg+xml" });
  }
}

/** With a size of its own: by a `viewBox` alone, programs open it at any size they like. */
function svgFile({ width, height }: Mask, path: string): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><path fill-rule="evenodd" d="${path}"/></svg>\n`;
}

export async function exportItems(
  picture: Picture,
  items: readonly Item[],
  { kind, ending }: (typeof FILE_KINDS)[number],
): Promise<void> {
  const blob = await encode(await joined(picture, items), kind);
  const name = items.length === 1 && items[0] ? items[0].name : "objects";
  const stem = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
  saveFile(blob, `${stem}-${ending}`);
}
