/** What assistive technology and small screens get. */
import { createRequire } from "node:module";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { FAKE } from "../base";
import { askAndFind, openPage } from "./helpers";
import { openModels, startButton, test as modelTest } from "./models";
import { look, test as rawTest } from "./raw";

const PHOTOGRAPH = path.join(FAKE, "../../fixtures/photographs/cat.jpg");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** WCAG 2.2 A and AA rules that the page breaks, with where. */
async function violations(page: Page): Promise<string[]> {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const found = await page.evaluate(async (tags) => {
    const { axe } = window as unknown as {
      axe: { run(root: Document, options: object): Promise<{ violations: Violation[] }> };
    };
    return (await axe.run(document, { runOnly: tags })).violations;
  }, tags);
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
  );
}

// The policy of the page keeps foreign scripts out, the checker's too.
test.use({ bypassCSP: true });
modelTest.use({ bypassCSP: true });

for (const colorScheme of ["light", "dark"] as const) {
  test(`breaks no WCAG AA rule, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await openPage(page);
    await page.addScriptTag({ path: AXE });
    expect(await violations(page)).toEqual([]);
    await askAndFind(page, "both");
    expect(await violations(page)).toEqual([]);
    await page.locator("#file").setInputFiles(PHOTOGRAPH);
    await expect(page.locator("#photograph")).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
}

for (const width of [320, 390]) {
  test(`fits ${width} pixels without scrolling sideways`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    await openPage(page);
    await askAndFind(page, "both");
    await page.locator("#file").setInputFiles(PHOTOGRAPH);
    await expect(page.locator("#photograph")).toBeVisible();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
  });
}

test("nothing jumps while the page loads and answers", async ({ page }) => {
  await page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput } = entry as PerformanceEntry & {
          value: number;
          hadRecentInput: boolean;
        };
        if (!hadRecentInput) shifts.push(value);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await openPage(page);
  await askAndFind(page, "both");
  const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
  expect(shifts.reduce((sum, value) => sum + value, 0)).toBeLessThan(0.05);
});

test.describe("by touch", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 844 } });

  test("one finger marks an object", async ({ page }) => {
    await openPage(page);
    await page.getByRole("button", { name: "What keeps the rain out?" }).tap();
    await expect(page.locator(".object-title")).toHaveText(["Umbrella"]);
    await page.locator("#tools label", { hasText: "Include" }).tap();
    await page.locator("#canvas").scrollIntoViewIfNeeded();
    await page.locator("#canvas").tap();
    await expect(page.locator("#undo")).toHaveAccessibleName("Undo: point");
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  modelTest(`the models dialog breaks no WCAG AA rule, ${colorScheme}`, async ({ page, server }) => {
    await page.emulateMedia({ colorScheme });
    await openPage(page);
    await page.addScriptTag({ path: AXE });
    await openModels(page);
    await page.locator("#source-kinds label", { hasText: "Hub" }).click();
    await page.locator("#source-submit").click();
    await expect(page.locator("#source-error")).not.toBeEmpty();
    expect(await violations(page)).toEqual([]);
    await page.locator("#source-kinds label", { hasText: "Address" }).click();
    await page.locator("#source-address").fill(server.address);
    await page.locator("#source-submit").click();
    await expect(page.locator("#card-fit-title")).toBeVisible();
    await page.locator("#models-card .guide summary").click();
    expect(await violations(page)).toEqual([]);
    server.pause = 400;
    await startButton(page).click();
    await expect(page.locator("#install-detail")).toContainText("Downloading");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "All models" }).click();
    await page.getByRole("button", { name: "Delete Noise" }).click();
    expect(await violations(page)).toEqual([]);
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  rawTest(`the way of a repository breaks no WCAG AA rule, ${colorScheme}`, async ({ page, server }) => {
    await page.emulateMedia({ colorScheme });
    await openPage(page);
    await page.addScriptTag({ path: AXE });
    await look(page);
    expect(await violations(page)).toEqual([]);
    server.pause = 100;
    await startButton(page).click();
    await expect(page.locator("#install-detail")).toContainText("layers");
    expect(await violations(page)).toEqual([]);
    server.pause = 0;
    await expect(page.locator("#models-live")).toHaveText("photos is ready.");
    expect(await violations(page)).toEqual([]);
  });
}

modelTest("the models dialog by keyboard alone, at 320 pixels", async ({ page, server }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await openPage(page);
  await page.locator("#models-open").focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("#models-title")).toBeFocused();
  await page.locator("#source-kinds input[value=folder]").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Tab");
  await page.keyboard.type(server.address);
  await page.keyboard.press("Enter");
  await expect(page.locator("#models-title")).toHaveText("Noise");
  await expect(page.locator("#models-title")).toBeFocused();
  await expect(startButton(page)).toBeEnabled();
  const overflow = () =>
    page.locator("#models-card").evaluate((body) => body.scrollWidth - body.clientWidth);
  expect(await overflow()).toBe(0);
  await startButton(page).focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  await expect(page.locator("#models-title")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator("#models")).toBeHidden();
  await expect(page.locator("#models-open")).toBeFocused();
  await expect(page.locator("#live")).toHaveText("Noise is ready.");
});
