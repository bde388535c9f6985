/** A mask with run lengths in a notation of its own: the page cannot tell. */

import type { Box } from "askmask-wasm";

const PNG_SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

export class Mask {
  private constructor(
    private readonly bytes: Uint8Array<ArrayBuffer>,
    readonly width: number,
    readonly height: number,
  ) {}

  static fromPixels(pixels: Uint8Array<ArrayBuffer>, width: number, height: number): Mask {
    return new Mask(pixels, width, height);
  }

  static fromRle(json: string): Mask {
    const { size, counts } = JSON.parse(json) as { size: [number, number]; counts: string };
    const [height, width] = size;
    const pixels = new Uint8Array(width * height);
    let at = 0;
    counts.split(" ").forEach((count, run) => {
      pixels.fill(run % 2, at, at + Number(count));
      at += Number(count);
    });
    return new Mask(pixels, width, height);
  }

  get area(): number {
    return this.bytes.reduce((sum, value) => sum + value, 0);
  }

  get box(): Box | undefined {
    const inside = [...this.bytes.keys()].filter((index) => this.bytes[index]);
    if (inside.length === 0) return undefined;
    const [xs, ys] = [inside.map((at) => at % this.width), inside.map((at) => Math.floor(at / this.width))];
    const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b));
    const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b));
    return [least(xs), least(ys), most(xs) + 1, most(ys) + 1];
  }

  pixels(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice();
  }

  png(): Uint8Array<ArrayBuffer> {
    return PNG_SIGNATURE.slice();
  }

  rle(): string {
    const runs: number[] = [];
    let [inside, start] = [0, 0];
    for (let at = 0; at <= this.bytes.length; at++) {
      if (this.bytes[at] === inside) continue;
      runs.push(at - start);
      [inside, start] = [1 - inside, at];
    }
    return JSON.stringify({ size: [this.height, this.width], counts: runs.join(" ") });
  }

  /** Two points a row; real outlines are smoother, the page cannot tell. */
  svgPath(): string {
    const left: string[] = [];
    const right: string[] = [];
    for (let y = 0; y < this.height; y++) {
      const row = this.bytes.subarray(y * this.width, (y + 1) * this.width);
      const [first, last] = [row.indexOf(1), row.lastIndexOf(1)];
      if (first < 0) continue;
      left.push(`${first} ${y}`, `${first} ${y + 1}`);
      right.unshift(`${last + 1} ${y + 1}`, `${last + 1} ${y}`);
    }
    return left.length === 0 ? "" : `M${[...left, ...right].join("L")}Z`;
  }

  free(): void {}
}
