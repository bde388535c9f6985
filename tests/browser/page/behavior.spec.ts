/** What people do on the page: ask, look, mark, undo, save. */
import { readFile } from "node:fs/promises";
import { expect, test } from "@playwright/test";
import { answerText, ask, askAndFind, idle, objects, onPicture, openPage, pickTool } from "./helpers";

test.beforeEach(({ page }) => openPage(page));

test("asks about a sample: streams the answer, finds and names the object", async ({ page }) => {
  await page.getByRole("button", { name: "What keeps the rain out?" }).click();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(answerText(page)).toContainText("It keeps");
  await idle(page);
  await expect(answerText(page)).toContainText("so it is the umbrella");
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await expect(page.locator(".object-facts")).toContainText("area · left");
  await expect(page.locator("#live")).toHaveText(/1 object found: Umbrella, left, \d+% of the picture/);
  await expect(page.locator("#device-name")).toHaveText("Runs on CPU");
});

test("shows the stages and says that the picture is reused", async ({ page }) => {
  await ask(page, "slow");
  await expect(page.locator("#stages [aria-current=step]")).toHaveText("Think");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator("#stage-detail")).toContainText("reuse");
});

test("stops within a token", async ({ page }) => {
  await ask(page, "slow");
  await expect(answerText(page)).toContainText("slowly slowly");
  await page.getByRole("button", { name: "Stop" }).click();
  await idle(page);
  await expect(page.locator("#live")).toHaveText("Stopped.");
  // The worker is free for the next question at once.
  await askAndFind(page, "umbrella");
  await expect(answerText(page)).toContainText("umbrella");
});

test("refines by include, exclude and box; undo and redo cover all", async ({ page }) => {
  await askAndFind(page, "umbrella");
  const facts = page.locator(".object-facts");
  const first = await facts.textContent();
  await pickTool(page, "Include");
  await expect(page.locator("#hint")).toContainText("Umbrella");
  await page.mouse.click(...(await onPicture(page, 0.3, 0.4)));
  await expect(facts).not.toHaveText(first ?? "");
  const second = await facts.textContent();
  await pickTool(page, "Box");
  await page.mouse.move(...(await onPicture(page, 0.6, 0.5)));
  await page.mouse.down();
  await page.mouse.move(...(await onPicture(page, 0.9, 0.9)), { steps: 4 });
  await page.mouse.up();
  await expect(facts).toContainText("bottom right");
  await page.getByRole("button", { name: "Delete Umbrella" }).click();
  await expect(objects(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo: delete Umbrella" }).click();
  await page.getByRole("button", { name: "Undo: box" }).click();
  await expect(facts).toHaveText(second ?? "");
  await page.locator("#canvas").focus();
  await page.keyboard.press("Control+z");
  await expect(facts).toHaveText(first ?? "");
  await page.keyboard.press("Control+z");
  await expect(objects(page)).toHaveCount(0);
  for (let step = 0; step < 3; step++) await page.keyboard.press("Control+Shift+z");
  await expect(facts).toContainText("bottom right");
});

test("undoes a question from the field it was asked in", async ({ page }) => {
  await askAndFind(page, "umbrella");
  await page.locator("#question").press("Control+z");
  await expect(objects(page)).toHaveCount(0);
  // A question that is being written is the text field's to undo.
  await page.locator("#question").press("Control+Shift+z");
  await page.locator("#question").pressSequentially(" again");
  await page.locator("#question").press("Control+z");
  await expect(objects(page)).toHaveCount(1);
});

test("marks a new object by a click alone", async ({ page }) => {
  await askAndFind(page, "umbrella");
  await page.getByRole("button", { name: "Mark another" }).click();
  await page.mouse.click(...(await onPicture(page, 0.56, 0.72)));
  await expect(objects(page)).toHaveText(["Umbrella", "Object 2"]);
});

test("selects, hides and shows objects", async ({ page }) => {
  await askAndFind(page, "both");
  await expect(objects(page)).toHaveText(["Umbrella", "Red ball"]);
  await page.mouse.click(...(await onPicture(page, 0.72, 0.76)));
  await expect(page.locator(".object.selected .object-title")).toHaveText("Red ball");
  await page.getByRole("button", { name: "Hide Red ball" }).click();
  await expect(page.getByRole("button", { name: "Show Red ball" })).toBeFocused();
});

test("switches views and changes what is drawn", async ({ page }) => {
  await askAndFind(page, "umbrella");
  const canvas = page.locator("#canvas");
  const seen = new Set<string>();
  for (const view of ["Overlay", "Mask", "Cutout", "Original"]) {
    await page.locator("#views label", { hasText: view }).click();
    await page.waitForTimeout(100);
    seen.add((await canvas.screenshot()).toString("base64"));
  }
  expect(seen.size).toBe(4);
});

test("zooms with buttons, wheel and keys", async ({ page }) => {
  await askAndFind(page, "umbrella");
  const canvas = page.locator("#canvas");
  const fitted = await canvas.screenshot();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.waitForTimeout(100);
  expect((await canvas.screenshot()).equals(fitted)).toBe(false);
  await page.getByRole("button", { name: "Fit the picture" }).click();
  await page.mouse.move(...(await onPicture(page, 0.3, 0.4)));
  await page.mouse.wheel(0, -400);
  await page.waitForTimeout(100);
  expect((await canvas.screenshot()).equals(fitted)).toBe(false);
});

test("saves every kind of file", async ({ page }) => {
  await askAndFind(page, "umbrella");
  const files = { Mask: "mask.png", Cutout: "cutout.png", RLE: "rle.json", SVG: "mask.svg" };
  for (const [label, ending] of Object.entries(files)) {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: `${label}, save Umbrella` }).click();
    expect((await download).suggestedFilename()).toBe(`umbrella-${ending}`);
  }
});

test("a saved outline has the picture's size", async ({ page }) => {
  await askAndFind(page, "umbrella");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "SVG, save Umbrella" }).click();
  const text = await readFile(await (await download).path(), "utf8");
  const { width, height, viewBox } = await page.evaluate((svg) => {
    const { documentElement } = new DOMParser().parseFromString(svg, "image/svg+xml");
    const read = (name: string) => documentElement.getAttribute(name);
    return { width: read("width"), height: read("height"), viewBox: read("viewBox") };
  }, text);
  expect([width, height, viewBox]).toEqual(["640", "480", "0 0 640 480"]);
});

test("explains each way of finding no mask", async ({ page }) => {
  const states = {
    "nothing there": "Nothing matches",
    "an empty one": "The mask came out empty",
    "a doubtful one": "Low confidence",
    "an invalid result": "The GPU's result is invalid",
  };
  for (const [question, title] of Object.entries(states)) {
    await ask(page, question);
    await idle(page);
    await expect(page.locator("#note strong")).toHaveText(title);
  }
});

test("where nano found nothing, it says what it knows", async ({ page }) => {
  await ask(page, "nothing there");
  await idle(page);
  const names = page.locator("#note details p");
  await expect(names).toBeHidden();
  await page.getByText("The 3 things that nano knows").click();
  await expect(names).toHaveText("dog, umbrella, star");
  await askAndFind(page, "umbrella");
  await expect(names).toHaveCount(0);
});

test("shows the model's text as text", async ({ page }) => {
  await askAndFind(page, "markup");
  await expect(answerText(page)).toContainText("<b>bold</b>");
  await expect(answerText(page).locator("b")).toHaveCount(0);
});

test("a whole session by keyboard alone", async ({ page }) => {
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.locator("#question")).toBeFocused();
  await page.keyboard.type("umbrella");
  await page.keyboard.press("Enter");
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await page.locator("#tools input[value=move]").focus();
  await page.keyboard.press("ArrowRight");
  await page.locator("#canvas").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await expect(page.locator("#undo")).toHaveAccessibleName("Undo: point");
  await page.locator("#tools input[value=include]").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.locator("#canvas").focus();
  await idle(page);
  await page.keyboard.press("Enter");
  for (let step = 0; step < 5; step++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.locator("#undo")).toHaveAccessibleName("Undo: box");
  await idle(page);
  await page.keyboard.press("Delete");
  await expect(objects(page)).toHaveCount(0);
});
