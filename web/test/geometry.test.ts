import { describe, expect, it } from "vitest";
import {
  canvasSize,
  clampTo,
  contains,
  fit,
  pan,
  toPicture,
  toScreen,
  zoomAt,
} from "../page/geometry";

const picture = { width: 200, height: 100 };
const canvas = { width: 400, height: 400 };

describe("geometry", () => {
  it.each([
    ["what a canvas takes", 4096, 4096, 4096, 4096],
    ["48 megapixels of a phone", 8064, 6048, 4032, 3024],
    ["108 megapixels", 12000, 9000, 4000, 3000],
    ["a wide panorama", 18000, 901, 9000, 451],
    ["a thin one", 16384, 1, 16384, 1],
    ["a row more than a canvas takes", 4096, 4097, 2048, 2049],
  ])("shows %s on a canvas that any browser has", (_, width, height, w, h) => {
    expect(canvasSize({ width, height })).toMatchObject({ width: w, height: h });
  });

  it("fits the whole picture in the middle", () => {
    expect(fit(picture, canvas)).toEqual({ scale: 2, x: 0, y: 100 });
  });

  it("maps screen and picture onto each other", () => {
    const view = fit(picture, canvas);
    expect(toPicture(view, { x: 200, y: 200 })).toEqual({ x: 100, y: 50 });
    expect(toScreen(view, { x: 100, y: 50 })).toEqual({ x: 200, y: 200 });
  });

  it("keeps the pixel under the pointer when zooming", () => {
    const view = fit(picture, canvas);
    const at = { x: 260, y: 180 };
    const zoomed = zoomAt(view, 4, at, picture, canvas);
    const [before, after] = [toPicture(view, at), toPicture(zoomed, at)];
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });

  it("limits zoom at both ends", () => {
    const view = fit(picture, canvas);
    const at = { x: 200, y: 200 };
    expect(zoomAt(view, 1e-6, at, picture, canvas).scale).toBe(1);
    expect(zoomAt(view, 1e6, at, picture, canvas).scale).toBe(32);
  });

  it("never pans the picture out of sight", () => {
    const view = zoomAt(fit(picture, canvas), 3, { x: 200, y: 200 }, picture, canvas);
    const far = pan(view, { x: 1e6, y: -1e6 }, picture, canvas);
    expect(far.x).toBeLessThanOrEqual(canvas.width / 2);
    expect(far.y).toBeGreaterThanOrEqual(canvas.height / 2 - picture.height * far.scale);
  });

  it("tells inside from outside", () => {
    expect(contains(picture, { x: 0, y: 99.9 })).toBe(true);
    expect(contains(picture, { x: 200, y: 50 })).toBe(false);
    expect(clampTo(picture, { x: -5, y: 140 })).toEqual({ x: 0, y: 100 });
  });
});
