/** A sample, a question, an answer and a mask by the real model, on each device. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, type Page, test } from "@playwright/test";
import { WEB } from "../base";

const SHOTS = process.env.ASKMASK_SHOTS ?? ".shots";
const QUESTION = "Where is the banana?";

async function segment(page: Page, device: "cpu" | "gpu"): Promise<boolean[]> {
  await page.goto(`./?device=${device}`);
  await expect(page.locator("#preview")).toBeVisible();
  await page.getByLabel("Ask about this picture").fill(QUESTION);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Ask", exact: true })).toBeVisible({
    timeout: 400_000,
  });
  await expect(page.locator("#note strong")).toHaveCount(0);
  await expect(page.locator("#answer-text")).not.toBeEmpty();
  await expect(page.locator(".object").first()).toBeVisible();
  await expect(page.locator("#device-name")).toHaveText(`Runs on ${device.toUpperCase()}`);
  await page.screenshot({ path: `${SHOTS}/real-${device}.png`, fullPage: true });
  return savedMask(page);
}

/** The mask PNG that the page saves, as one flag a pixel. */
async function savedMask(page: Page): Promise<boolean[]> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Mask, save" }).first().click();
  return flags(page, await (await download).path());
}

/** The command line's answer to the same question; `cargo test` has built it. */
async function commandLineMask(page: Page, mask: string): Promise<boolean[]> {
  const program = path.join(WEB, "../target/debug/askmask");
  const sample = path.join(WEB, "public/samples/kitchen.webp");
  await promisify(execFile)(program, ["ask", sample, QUESTION, "--mask", mask]);
  return flags(page, mask);
}

async function flags(page: Page, file: string): Promise<boolean[]> {
  const bytes = await readFile(file);
  const decoded = await page.evaluate(decodeGrey, bytes.toString("base64"));
  expect([decoded.width, decoded.height]).toEqual([896, 640]);
  expect(new Set(decoded.grey)).toEqual(new Set([0, 255]));
  return decoded.grey.map((value) => value === 255);
}

/** Runs in the page: the browser's own decoder is independent of ours. */
async function decodeGrey(base64: string) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (context === null) throw new Error("no 2D canvas");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = Array.from({ length: width * height }, (_, index) => data[4 * index] ?? 0);
  return { width, height, grey };
}

function iou(a: boolean[], b: boolean[]): number {
  let [both, either] = [0, 0];
  for (let index = 0; index < a.length; index++) {
    if (a[index] && b[index]) both += 1;
    if (a[index] || b[index]) either += 1;
  }
  return both / either;
}

test("a WebGPU adapter is there", async ({ page }) => {
  await page.goto("./");
  const adapter = await page.evaluate(async () => {
    const { gpu } = navigator as unknown as { gpu?: { requestAdapter(): Promise<object | null> } };
    return (await gpu?.requestAdapter()) != null;
  });
  expect(adapter).toBe(true);
});

test("CPU, GPU and command line answer with the same mask", async ({ page }, info) => {
  const cpu = await segment(page, "cpu");
  const gpu = await segment(page, "gpu");
  expect(iou(cpu, gpu)).toBeGreaterThan(0.99);
  expect(iou(cpu, await commandLineMask(page, info.outputPath("mask.png")))).toBeGreaterThan(0.99);
});

test("left to itself, a software adapter means CPU, and the page says why", async ({ page }) => {
  await page.goto("./");
  await expect(page.locator("#preview")).toBeVisible();
  await page.locator(".chip").first().click();
  await expect(page.locator("#device-name")).toHaveText("Runs on CPU", { timeout: 120_000 });
  await page.locator("#device summary").click();
  await expect(page.locator("#device-reason")).toContainText("emulated in software");
});

test("a click refines what a question found", async ({ page }) => {
  await segment(page, "cpu");
  const facts = await page.locator(".object-facts").first().textContent();
  await page.locator("#tools label", { hasText: "Exclude" }).click();
  await page.locator("#canvas").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await expect(page.locator("#undo")).toHaveAccessibleName("Undo: point", { timeout: 120_000 });
  await page.locator("#undo").click();
  await expect(page.locator(".object-facts").first()).toHaveText(facts ?? "");
});
