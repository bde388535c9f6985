import { expect, type Locator, type Page } from "@playwright/test";

/** Opens the page; the first sample is shown, nothing is loaded. */
export async function openPage(page: Page): Promise<void> {
  await page.goto("./");
  await expect(page.locator("#preview")).toBeVisible();
}

export async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel("Ask about this picture").fill(question);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
}

export function answerText(page: Page): Locator {
  return page.locator("#answer-text");
}

/** The object names in the legend. */
export function objects(page: Page): Locator {
  return page.locator(".object .object-title");
}

/** Waits until no work is running. */
export async function idle(page: Page): Promise<void> {
  await expect(page.getByRole("button", { name: "Ask", exact: true })).toBeVisible();
}

/** Asks, and waits for the first object. */
export async function askAndFind(page: Page, question: string): Promise<void> {
  await ask(page, question);
  await idle(page);
  await expect(objects(page).first()).toBeVisible();
}

/** A place on the canvas by fractions of the picture, which is 640 × 480. */
export async function onPicture(page: Page, fx: number, fy: number): Promise<[number, number]> {
  const box = await page.locator("#canvas").boundingBox();
  if (box === null) throw new Error("the canvas is not on the page");
  const scale = Math.min(box.width / 640, box.height / 480);
  const left = box.x + (box.width - 640 * scale) / 2;
  const top = box.y + (box.height - 480 * scale) / 2;
  return [left + fx * 640 * scale, top + fy * 480 * scale];
}

export async function pickTool(page: Page, name: string): Promise<void> {
  await page.locator("#tools label", { hasText: name }).click();
}
