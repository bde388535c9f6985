/** A mask at its picture's own size, and the files it can become. */

import type { ExportFormat, Result } from "./protocol";

export type MaskExporter = (format: ExportFormat, mask: Mask) => Promise<Result<"export">>;

export class Mask {
  /** @internal */
  constructor(
    /** width · height bytes of 0 or 1, row-major. */
    readonly data: Uint8Array<ArrayBuffer>,
    readonly width: number,
    readonly height: number,
    private readonly exporter: MaskExporter,
  ) {}

  /** A grey PNG, 255 inside and 0 outside. */
  async toBlob(): Promise<Blob> {
    return new Blob([await this.exporter("mask-png", this)], { type: "image/png" });
  }

  /** The picture inside the mask as an RGBA PNG. */
  async toCutout(): Promise<Blob> {
    return new Blob([await this.exporter("cutout-png", this)], { type: "image/png" });
  }

  /** COCO's compressed run lengths: `{"size":[h,w],"counts":"…"}`. */
  async toRle(): Promise<string> {
    return String(await this.exporter("rle", this));
  }

  /** SVG path data in picture pixels, for the even-odd fill rule. */
  async toSvgPath(): Promise<string> {
    return String(await this.exporter("svg-path", this));
  }
}
