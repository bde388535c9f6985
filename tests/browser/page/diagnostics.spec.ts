/** What goes into a bug report, and that nothing private does. */
import { expect, test } from "@playwright/test";
import { ask, askAndFind, idle, objects, openPage } from "./helpers";

test("diagnostics tell what ran where, and nothing of picture, question or answer", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openPage(page);
  await askAndFind(page, "zebra-marker umbrella");
  await ask(page, "zebra-marker invalid result");
  await idle(page);
  await page.locator("#models-open").click();
  await page.getByRole("button", { name: "Copy diagnostics" }).click();
  await expect(page.locator("#diagnostics-state")).toContainText("Copied");
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const told = JSON.parse(text);
  expect(told).toMatchObject({
    build: await page.locator('meta[name="askmask-build"]').getAttribute("content"),
    model: { name: "nano", lowMemory: false },
    device: { device: "cpu" },
    lastError: "gpu-result-invalid",
  });
  expect(told.browser).toContain("Chrome");
  expect(told.timings["encode-image"]).toBeGreaterThan(0);
  expect(text).not.toMatch(/zebra|marker|umbrella|garden|rain/i);
});

test("fault 17: a GPU that fails once costs no question", async ({ page }) => {
  await openPage(page);
  await ask(page, "lost once");
  await idle(page);
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await expect(page.locator("#answer-text")).toContainText("so it is the umbrella");
  await expect(page.locator("#stage-detail")).toHaveText("The GPU failed once on the way; a fresh start mended it.");
});

test("fault 17: a GPU that fails again is an explained stop", async ({ page }) => {
  await openPage(page);
  await ask(page, "lost always");
  await expect(page.locator("#note strong")).toHaveText("The GPU was reset.");
  await expect(page.locator("#note p")).toContainText("A fresh start did not help");
  await expect(page.locator("#question")).toHaveValue("lost always");
});
