/** What people meet on the page that no stand-in can show: the real decoder, model and files. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { WEB } from "../base";
import { CELLS, drop, paste } from "../page/transfers";

const SITE = "http://localhost:4174";
const PICTURE = path.join(WEB, "../tests/fixtures/pictures/rgb.png");

async function openAndAsk(page: Page, question = "Where is the cheese?"): Promise<void> {
  await page.goto("./?device=cpu");
  await expect(page.locator("#preview")).toBeVisible();
  await page.getByLabel("Ask about this picture").fill(question);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.locator(".object").first()).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("button", { name: "Ask", exact: true })).toBeVisible();
}

test("cells are pasted as text; the picture and its objects stay", async ({ page }) => {
  await openAndAsk(page);
  expect(await paste(page, "#question", CELLS, await readFile(PICTURE))).toBe(false);
  expect(await paste(page, "#question", {}, await readFile(PICTURE))).toBe(true);
  // The second was a picture alone, and is opened.
  await expect(page.locator("#live")).toContainText("image.png is ready", { timeout: 120_000 });
});

test("the canvas follows a denser screen, and clicks hit", async ({ page }) => {
  await openAndAsk(page, "Segment the banana and the pineapple.");
  await expect(page.locator(".object")).toHaveCount(2);
  const width = () => page.locator("#canvas").evaluate((it: HTMLCanvasElement) => it.width);
  const before = await width();
  const client = await page.context().newCDPSession(page);
  const screen = { width: 1440, height: 900, deviceScaleFactor: 2, mobile: false };
  await client.send("Emulation.setDeviceMetricsOverride", screen);
  await page.locator("#opacity").fill("40");
  await expect.poll(width).toBe(2 * before);
  const box = await page.locator("#canvas").boundingBox();
  if (box === null) throw new Error("the canvas is not on the page");
  // Where the kitchen's pineapple is.
  const scale = Math.min(box.width / 896, box.height / 640);
  const at = { x: box.x + box.width / 2 + 232 * scale, y: box.y + box.height / 2 + 70 * scale };
  await page.mouse.click(at.x, at.y);
  await expect(page.locator(".object.selected .object-title")).toHaveText("Pineapple");
});

test("a model by its address, with a permission that nobody gives", async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator.storage, "persist", { value: () => new Promise(() => undefined) });
  });
  await page.goto("./?device=cpu");
  await page.locator("#models-open").click();
  await page.locator("#source-kinds label", { hasText: "Address" }).click();
  await page.locator("#source-address").fill(`${SITE}/models/nano/manifest.json`);
  await page.locator("#source-submit").click();
  await expect(page.locator("#card-start")).toHaveText(/^Download/, { timeout: 60_000 });
  await page.locator("#card-start").click();
  await expect(page.locator("#models-live")).toHaveText("nano is ready.", { timeout: 120_000 });
});

test("a sample dragged onto the picture is opened; one of another site is explained", async ({ page }) => {
  await page.goto("./?device=cpu");
  await expect(page.locator("#preview")).toBeVisible();
  const foreign = { "text/uri-list": "https://example.org/cat.jpg", "text/html": '<img src="https://example.org/cat.jpg">' };
  expect(await drop(page, "body", foreign)).toEqual([true, true]);
  await expect(page.locator("#note strong")).toContainText("example.org");
  expect(page.url()).toBe(`${SITE}/?device=cpu`);
  await drop(page, "#viewport", { "text/uri-list": `${SITE}/samples/zoo.webp` });
  await expect(page.locator("#live")).toContainText("zoo.webp is ready", { timeout: 120_000 });
});

test("the file picker names formats, so that iPhones convert theirs", async ({ page }) => {
  await page.goto("./");
  const accept = (await page.locator("#file").getAttribute("accept"))?.split(",") ?? [];
  expect(accept).toEqual(expect.arrayContaining(["image/png", "image/jpeg", "image/webp"]));
  expect(accept.filter((type) => /\*|hei[cf]/.test(type))).toEqual([]);
});

test("a picture of 108 megapixels is shown as large as iOS can, and saved whole", async ({ page }) => {
  await openAndAsk(page);
  const base64 = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(12_000, 9_000);
    const context = canvas.getContext("2d");
    const sample = await createImageBitmap(await (await fetch("samples/kitchen.webp")).blob());
    context?.drawImage(sample, 0, 0, 12_000, 9_000);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg" })).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  });
  const buffer = Buffer.from(base64, "base64");
  await page.locator("#file").setInputFiles({ name: "large.jpg", mimeType: "image/jpeg", buffer });
  await expect(page.locator("#live")).toHaveText("large.jpg is ready, 12000 by 9000 pixels.", { timeout: 240_000 });
  await page.getByLabel("Ask about this picture").fill("Where is the cheese?");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.locator(".object")).toHaveCount(1, { timeout: 240_000 });
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "SVG, save" }).click();
  const svg = await readFile(await (await download).path(), "utf8");
  expect(svg).toMatch(/^<svg[^>]* width="12000" height="9000" viewBox="0 0 12000 9000">/);
});

test("the element tells the status of a picture that is not there", async ({ page }) => {
  await page.route("**/nothing-here.png", (route) =>
    route.fulfill({ status: 404, contentType: "text/html", body: "<h1>Not found</h1>" }),
  );
  await page.goto("./element.html");
  const message = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const element = document.createElement("ask-mask");
        element.addEventListener("error", (event) => resolve((event as unknown as CustomEvent<Error>).detail.message));
        element.setAttribute("question", "Where is the banana?");
        element.setAttribute("src", "nothing-here.png");
        document.body.append(element);
      }),
  );
  expect(message).toMatch(/answered 404 .*nothing-here\.png/);
});
