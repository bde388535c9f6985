/** Pictures that people bring, good and bad. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { FAKE } from "../base";
import { askAndFind, objects, openPage } from "./helpers";

const FIXTURES = path.join(FAKE, "../../fixtures");
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

/** What the canvas shows at the corners of the picture of 16 × 24 pixels, row by row. */
function cornerColors(page: Page): Promise<string[]> {
  return page.locator("#canvas").evaluate((canvas) => {
    if (!(canvas instanceof HTMLCanvasElement)) throw new Error("#canvas is no canvas");
    const scale = Math.min(canvas.width / 16, canvas.height / 24);
    const [left, top] = [(canvas.width - 16 * scale) / 2, (canvas.height - 24 * scale) / 2];
    const names = { "00": "dark", "10": "red", "01": "green", "11": "yellow" };
    return [0.5, 23.5].flatMap((y) =>
      [0.5, 15.5].map((x) => {
        const at = [left + x * scale, top + y * scale].map(Math.round) as [number, number];
        const pixel = canvas.getContext("2d")?.getImageData(...at, 1, 1).data ?? [];
        const [red = 0, green = 0] = pixel;
        return names[`${red > 127 ? 1 : 0}${green > 127 ? 1 : 0}`];
      }),
    );
  });
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

test("what only the browser decodes is opened, and said so", async ({ page }) => {
  const avif = await readFile(path.join(FIXTURES, "pictures/browser/turned.avif"));
  await transfer(page, "drop", "photo.avif", avif);
  const notice = "Converted by your browser: this is an AVIF.";
  await expect(page.locator("#live")).toHaveText(
    `photo.avif is ready, 16 by 24 pixels. ${notice}`,
  );
  await expect(page.locator("#note")).toHaveText(notice);
  // A quarter turn brings the corners (dark, red, green, yellow) of the stored picture here.
  expect(await cornerColors(page)).toEqual(["green", "dark", "yellow", "red"]);
});

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
