/** The canvas on other screens, and pictures larger than a canvas may be. */
import { expect, type Page, test } from "@playwright/test";
import { ask, askAndFind, idle, objects, onPicture, openPage, pickTool } from "./helpers";

/** The canvas's width in its own pixels and in CSS's. */
function widths(page: Page): Promise<[number, number]> {
  return page.locator("#canvas").evaluate((it: HTMLCanvasElement) => [it.width, it.clientWidth]);
}

/** The color in the middle of an object, as the canvas shows it. */
function colorAt(page: Page, fx: number, fy: number): Promise<number[]> {
  return page.locator("#canvas").evaluate(
    (canvas: HTMLCanvasElement, [fx, fy]) => {
      const scale = Math.min(canvas.width / 640, canvas.height / 480);
      const x = (canvas.width - 640 * scale) / 2 + fx * 640 * scale;
      const y = (canvas.height - 480 * scale) / 2 + fy * 480 * scale;
      return [...(canvas.getContext("2d")?.getImageData(x, y, 1, 1).data ?? [])];
    },
    [fx, fy] as const,
  );
}

async function setDensity(page: Page, deviceScaleFactor: number): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const screen = { width: 1440, height: 900, deviceScaleFactor, mobile: false };
  await client.send("Emulation.setDeviceMetricsOverride", screen);
  // Of an emulated screen Chromium tells neither observers nor media queries; drawing sees it.
  await page.locator("#opacity").evaluate((it) => it.dispatchEvent(new Event("input")));
}

test("the canvas follows the window to a denser screen and back", async ({ page }) => {
  await openPage(page);
  await askAndFind(page, "both");
  await page.locator("#views label", { hasText: "Mask" }).click();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Fit the picture" }).click();
  const [before, css] = await widths(page);
  for (const density of [2, 1.25, 1]) {
    await setDensity(page, density);
    await expect.poll(async () => (await widths(page))[0]).toBe(Math.round(before * density));
    expect((await widths(page))[1]).toBe(css);
    // The picture still fits and clicks hit: white inside an object, black beside it.
    await expect.poll(() => colorAt(page, 0.3, 0.42)).toEqual([255, 255, 255, 255]);
    await expect.poll(() => colorAt(page, 0.9, 0.1)).toEqual([0, 0, 0, 255]);
    for (const [name, fx, fy] of [["Red ball", 0.72, 0.76], ["Umbrella", 0.3, 0.42]] as const) {
      await page.mouse.click(...(await onPicture(page, fx, fy)));
      await expect(page.locator(".object.selected .object-title")).toHaveText(name);
    }
  }
});

test("a zoomed view stays where it is when only the density changes", async ({ page }) => {
  await openPage(page);
  await askAndFind(page, "umbrella");
  await page.locator("#views label", { hasText: "Mask" }).click();
  for (let step = 0; step < 4; step++) await page.getByRole("button", { name: "Zoom in" }).click();
  const corner = () =>
    page.locator("#canvas").evaluate((canvas: HTMLCanvasElement) => {
      const size = canvas.width;
      return [...(canvas.getContext("2d")?.getImageData(size * 0.02, size * 0.02, 1, 1).data ?? [])];
    });
  await page.waitForTimeout(100);
  const seen = await corner();
  await setDensity(page, 2);
  await expect.poll(async () => (await widths(page))[0]).toBeGreaterThan(1000);
  await page.waitForTimeout(100);
  expect(await corner()).toEqual(seen);
});

test("a picture larger than iOS takes for a canvas is shown on a smaller canvas, and saved at its own size", async ({ page }) => {
  // As iOS: larger canvases take drawings and stay blank.
  await page.addInitScript(() => {
    const sizes: number[] = [];
    Object.assign(window, { sizes });
    globalThis.OffscreenCanvas = class extends OffscreenCanvas {
      constructor(width: number, height: number) {
        super(width, height);
        sizes.push(width * height);
      }
    };
  });
  await openPage(page);
  // Made in the page: a file of such a size is nothing to keep.
  await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 5600, height: 4200 });
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("no canvas");
    context.fillStyle = "#18f";
    context.fillRect(0, 0, 5600, 4200);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg"));
    const data = new DataTransfer();
    data.items.add(new File([blob ?? ""], "large.jpg", { type: "image/jpeg" }));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await expect(page.locator("#live")).toHaveText("large.jpg is ready, 5600 by 4200 pixels.", { timeout: 60_000 });
  await page.locator("#views label", { hasText: "Original" }).click();
  await expect.poll(() => colorAt(page, 0.5, 0.5)).toEqual([17, 136, 255, 255]);
  await ask(page, "both");
  await expect(objects(page)).toHaveCount(2, { timeout: 60_000 });
  await idle(page);
  await page.locator("#views label", { hasText: "Mask" }).click();
  await expect.poll(() => colorAt(page, 0.3, 0.42)).toEqual([255, 255, 255, 255]);
  await expect.poll(() => colorAt(page, 0.9, 0.1)).toEqual([0, 0, 0, 255]);
  await page.locator("#views label", { hasText: "Cutout" }).click();
  await expect.poll(() => colorAt(page, 0.72, 0.76)).toEqual([17, 136, 255, 255]);
  await pickTool(page, "Move");
  await page.mouse.click(...(await onPicture(page, 0.72, 0.76)));
  await expect(page.locator(".object.selected .object-title")).toHaveText("Red ball");
  const sizes = await page.evaluate(() => (window as unknown as { sizes: number[] }).sizes);
  expect(sizes.length).toBeGreaterThan(3);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(16_777_216);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "RLE, save Red ball" }).click();
  const rle = JSON.parse(await (await import("node:fs/promises")).readFile(await (await download).path(), "utf8"));
  expect(rle.size).toEqual([4200, 5600]);
  await expect(objects(page)).toHaveCount(2);
});
