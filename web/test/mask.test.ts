import { describe, expect, it, vi } from "vitest";
import { Mask, type MaskEncoder } from "../lib/mask";

const RLE = '{"size":[1,2],"counts":"11"}';

function made(data: ConstructorParameters<typeof Mask>[2] = RLE) {
  const encode = vi.fn(async () => Uint8Array.of(0, 1));
  const cutout = vi.fn(async () => Uint8Array.of(137));
  const encoder = { encode, cutout } as unknown as MaskEncoder;
  return { mask: new Mask(2, 1, data, encoder), encode, cutout };
}

describe("a mask", () => {
  it("fetches its pixels once, and again after a failure", async () => {
    const { mask, encode } = made();
    encode.mockRejectedValueOnce(new Error("the worker ended"));
    await expect(mask.pixels()).rejects.toThrow("ended");
    const [first, second] = await Promise.all([mask.pixels(), mask.pixels()]);
    expect(first).toEqual(Uint8Array.of(0, 1));
    expect(second).toBe(first);
    expect(encode).toHaveBeenCalledTimes(2);
    expect(encode).toHaveBeenLastCalledWith(RLE, "pixels");
  });

  it("has its run lengths at hand", async () => {
    const { mask, encode } = made();
    expect(await mask.toRle()).toBe(RLE);
    expect(encode).not.toHaveBeenCalled();
  });

  it("made on the page keeps the page's pixels", async () => {
    const pixels = Uint8Array.of(1, 0);
    const data = { pixels, width: 2, height: 1 };
    const { mask, encode } = made(data);
    expect(await mask.pixels()).toBe(pixels);
    await mask.toRle();
    expect(encode).toHaveBeenCalledWith(data, "rle");
  });

  it("becomes a PNG, and no other kind of picture", async () => {
    const { mask, encode } = made();
    for (const blob of [await mask.toBlob(), await mask.toBlob("image/png")]) {
      expect(blob).toMatchObject({ type: "image/png", size: 2 });
    }
    expect(encode).toHaveBeenCalledWith(RLE, "png");
    await expect(mask.toBlob("image/webp")).rejects.toMatchObject({
      code: "invalid-query",
      hint: expect.stringContaining("image/png"),
    });
  });
});
