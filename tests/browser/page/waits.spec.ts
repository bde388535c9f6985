/** Nothing waits for what may never come, and every wait can be stopped. */
import { expect, type Page } from "@playwright/test";
import { ask, askAndFind, idle, objects, openPage } from "./helpers";
import { closeModels, installFrom, lookAt, openModels, startButton, test } from "./models";

/** Firefox's prompt that nobody answers; counts how often it would be shown. */
async function neverAnswered(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    Object.assign(window, { prompts: 0 });
    const persist = () => {
      (window as unknown as { prompts: number }).prompts += 1;
      return new Promise(() => undefined);
    };
    Object.defineProperty(navigator.storage, "persist", { value: persist });
  });
  return () => page.evaluate(() => (window as unknown as { prompts: number }).prompts);
}

/** Holds requests back until the returned function is called. */
async function hold(page: Page, pattern: string): Promise<() => void> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(pattern, async (route) => {
    await released;
    await route.continue().catch(() => undefined);
  });
  return release;
}

async function stop(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Stop" }).click();
  await idle(page);
  await expect(page.locator("#live")).toHaveText("Stopped.");
}

test("a permission that nobody answers delays no download, and is asked for nothing else", async ({ page, server }) => {
  const prompts = await neverAnswered(page);
  await lookAt(page, server.address);
  expect(await prompts()).toBe(0);
  server.pause = 40;
  await startButton(page).click();
  await expect.poll(prompts).toBe(1);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("#models-live")).toHaveText("Stopped. What has come is kept.");
  server.pause = 0;
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  // In a new session the stored model answers without asking.
  await page.reload();
  await askAndFind(page, "umbrella");
  expect(await prompts()).toBe(0);
});

test("a picture that never comes can be stopped", async ({ page }) => {
  await openPage(page);
  await askAndFind(page, "umbrella");
  const release = await hold(page, "**/samples/garden.png*");
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/uri-list", new URL("samples/garden.png", location.href).href);
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await stop(page);
  await expect(objects(page)).toHaveText(["Umbrella"]);
  release();
  await askAndFind(page, "both");
});

test("a file that cannot be read to its end can be stopped", async ({ page }) => {
  await page.addInitScript(() => {
    Blob.prototype.arrayBuffer = () => new Promise(() => undefined);
  });
  await openPage(page);
  await page.locator("#file").setInputFiles({ name: "far.png", mimeType: "image/png", buffer: Buffer.from("x") });
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await stop(page);
});

test("a model that never comes can be stopped, and tried again", async ({ page }) => {
  await openPage(page);
  const release = await hold(page, "**/model.safetensors*");
  await ask(page, "umbrella");
  await expect(page.locator("#stage-detail")).not.toBeEmpty();
  await stop(page);
  release();
  await askAndFind(page, "umbrella");
});

test("another picture while the model comes is opened, and the model comes once", async ({ page }) => {
  await openPage(page);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("model.safetensors")) asked.push(request.url());
  });
  const release = await hold(page, "**/model.safetensors*");
  await ask(page, "umbrella");
  await expect.poll(() => asked.length).toBe(1);
  await page.getByRole("button", { name: "A desk" }).click();
  release();
  await expect(page.locator("#live")).toHaveText("A desk is ready, 640 by 480 pixels.");
  expect(asked).toHaveLength(1);
});

test("a model that another tab uses is not deleted, and both say so", async ({ page, server, context }) => {
  await installFrom(page, server.address);
  await closeModels(page);
  await askAndFind(page, "umbrella");
  const other = await context.newPage();
  await openPage(other);
  await askAndFind(other, "umbrella");
  await openModels(other);
  await other.getByRole("button", { name: "Delete Noise" }).click();
  await other.locator(".confirm").getByRole("button", { name: "Delete", exact: true }).click();
  const refusal = other.locator(".confirm .field-error");
  await expect(refusal).toContainText("This model is in use in a tab of this site.");
  await expect(refusal).toContainText("close the tab");
  await expect(refusal).toBeVisible();
  await expect(other.locator("#models-live")).toContainText("Noise was not deleted.");
  // Nothing else has changed either.
  await expect(other.locator("#model-name")).toHaveText("Noise");
  await page.close();
  await other.getByRole("button", { name: "Try again" }).click();
  await expect(other.locator("#models-live")).toHaveText("Noise deleted.");
  await expect(other.locator("#model-name")).toHaveText("nano");
});
