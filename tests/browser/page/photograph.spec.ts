/** What the page says of a photograph while nano is chosen, which knows drawings only. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, type Page } from "@playwright/test";
import { FAKE } from "../base";
import { openPage } from "./helpers";
import { closeModels, installFrom, openModels, test } from "./models";

const PHOTOGRAPH = path.join(FAKE, "../../fixtures/photographs/cat.jpg");
const DRAWING = path.join(FAKE, "public/samples/desk.png");
const SENTENCE = "nano knows drawings only: on a photograph its answers and masks are guesses.";

const notice = (page: Page) => page.getByRole("region", { name: "nano and photographs" });
const spoken = (page: Page) => page.locator("#photograph-live");

async function open(page: Page, file: string): Promise<void> {
  const name = `Picture ${Math.random()}`;
  await page.locator("#file").setInputFiles({ name, mimeType: "", buffer: await readFile(file) });
  await expect(page.locator("#live")).toContainText(`${name} is ready`);
}

test("nano's limits are told beside a photograph, and once aloud", async ({ page }) => {
  await openPage(page);
  await open(page, PHOTOGRAPH);
  await expect(notice(page)).toContainText(SENTENCE);
  await expect(spoken(page)).toHaveText(SENTENCE);
  await expect(spoken(page)).toHaveRole("status");
  const [picture, told] = await Promise.all([page.locator("#viewport").boundingBox(), notice(page).boundingBox()]);
  expect(told?.y).toBeGreaterThanOrEqual((picture?.y ?? 0) + (picture?.height ?? 0));
});

test("nothing is said of a drawing", async ({ page }) => {
  await openPage(page);
  await open(page, DRAWING);
  await expect(notice(page)).toBeHidden();
  await open(page, PHOTOGRAPH);
  await expect(notice(page)).toBeVisible();
  await open(page, DRAWING);
  await expect(notice(page)).toBeHidden();
  await expect(spoken(page)).toBeEmpty();
});

test("nothing is said while another model is chosen", async ({ page, server }) => {
  await installFrom(page, server.address);
  await closeModels(page);
  await open(page, PHOTOGRAPH);
  await expect(notice(page)).toBeHidden();
  await openModels(page);
  await page.getByRole("button", { name: "Use", exact: true }).click();
  await closeModels(page);
  await expect(notice(page)).toBeVisible();
});

test("its button opens the models, by keyboard too", async ({ page }) => {
  await openPage(page);
  await open(page, PHOTOGRAPH);
  const button = notice(page).getByRole("button", { name: "Models for photographs (2.31 GB)" });
  await button.click();
  await expect(page.locator("#models")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#models")).toBeVisible();
});

test("dismissed, it stays away for that picture alone", async ({ page }) => {
  await openPage(page);
  await open(page, PHOTOGRAPH);
  await notice(page).getByRole("button", { name: "Dismiss" }).focus();
  await page.keyboard.press("Enter");
  await expect(notice(page)).toBeHidden();
  await expect(page.locator("#canvas")).toBeFocused();
  await page.locator("#tools label", { hasText: "Box" }).click();
  await expect(notice(page)).toBeHidden();
  await open(page, PHOTOGRAPH);
  await expect(notice(page)).toBeVisible();
});
