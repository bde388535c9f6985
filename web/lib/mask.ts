/** A mask at its picture's own size, and what it can become. Its pixels stay with the worker. */

import { AskmaskError } from "./errors";
import type { FormOf, MaskData, MaskForm } from "./protocol";

/** Does a mask's work in a worker. */
export interface MaskEncoder {
  encode<F extends MaskForm>(mask: MaskData, form: F): Promise<FormOf<F>>;
  /** The picture inside the mask as an RGBA PNG. */
  cutout(mask: MaskData): Promise<Uint8Array<ArrayBuffer>>;
}

const PNG = "image/png";

export class Mask {
  #pixels: Promise<Uint8Array<ArrayBuffer>> | null = null;

  /** @internal */
  constructor(
    /** In pixels, as the picture's. */
    readonly width: number,
    readonly height: number,
    private readonly data: MaskData,
    private readonly encoder: MaskEncoder,
  ) {}

  /** width · height bytes of 0 or 1, row-major. All callers get the same array. */
  pixels(): Promise<Uint8Array<ArrayBuffer>> {
    if (typeof this.data !== "string") return Promise.resolve(this.data.pixels);
    this.#pixels ??= this.encoder.encode(this.data, "pixels").catch((error) => {
      this.#pixels = null;
      throw error;
    });
    return this.#pixels;
  }

  /**
   * A grey PNG, 255 inside and 0 outside.
   *
   * @throws {AskmaskError} `invalid-query` for another type than `image/png`.
   */
  async toBlob(type = PNG): Promise<Blob> {
    if (type !== PNG) {
      const hint = `Ask for ${PNG}, or convert it: other formats may blur the mask.`;
      throw new AskmaskError("invalid-query", `Masks are not written as ${type}.`, hint);
    }
    return new Blob([await this.encoder.encode(this.data, "png")], { type });
  }

  /** The picture inside the mask as an RGBA PNG. */
  async toCutout(): Promise<Blob> {
    return new Blob([await this.encoder.cutout(this.data)], { type: PNG });
  }

  /** COCO's compressed run lengths: `{"size":[h,w],"counts":"…"}`. */
  async toRle(): Promise<string> {
    return typeof this.data === "string" ? this.data : this.encoder.encode(this.data, "rle");
  }

  /** SVG path data in picture pixels, for the even-odd fill rule. */
  toSvgPath(): Promise<string> {
    return this.encoder.encode(this.data, "svgPath");
  }
}
