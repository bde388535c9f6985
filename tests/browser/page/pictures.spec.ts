/** Pictures that people bring, good and bad. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { FAKE } from "../base";
import { askAndFind, objects, openPage } from "./helpers";

const DESK = path.join(FAKE, "public/samples/desk.png");

/** Sends a file to the page as a drop or a paste would. */
async function transfer(page: Page, kind: "drop" | "paste", name: string, bytes: Buffer) {
  await page.evaluate(
    ([kind, name, base64]) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      data.items.add(new File([bytes], name));
      const event =
        kind === "drop"
          ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
    },
    [kind, name, bytes.toString("base64")] as const,
  );
}

test.beforeEach(({ page }) => openPage(page));

test("opens a picked file", async ({ page }) => {
  await page.locator("#file").setInputFiles(DESK);
  await expect(page.locator("#live")).toHaveText("desk.png is ready, 640 by 480 pixels.");
});

for (const kind of ["drop", "paste"] as const) {
  test(`opens a picture by ${kind}`, async ({ page }) => {
    await transfer(page, kind, "mine.png", await readFile(DESK));
    await expect(page.locator("#live")).toHaveText("mine.png is ready, 640 by 480 pixels.");
    await expect(page.locator("#preview")).toBeHidden();
    await askAndFind(page, "umbrella");
  });
}

test("fault 1: an unreadable picture keeps the current one and its objects", async ({ page }) => {
  await askAndFind(page, "umbrella");
  await transfer(page, "drop", "notes.png", Buffer.from("this is text"));
  await expect(page.locator("#note strong")).toContainText("not a PNG, JPEG or WebP");
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await expect(page.locator("#preview")).toBeHidden();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await askAndFind(page, "both");
});

test("a new sample starts with a clean slate", async ({ page }) => {
  await askAndFind(page, "umbrella");
  await page.getByRole("button", { name: "A desk" }).click();
  await expect(page.locator("#live")).toContainText("A desk is ready");
  await expect(objects(page)).toHaveCount(0);
  await expect(page.getByRole("button", { name: "What gives light?" })).toBeVisible();
});
