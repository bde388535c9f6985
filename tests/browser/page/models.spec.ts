/** The models dialog: looking at a model, downloading it, using, keeping and deleting it. */
import { expect } from "@playwright/test";
import { askAndFind, ask, objects, openPage } from "./helpers";
import { closeModels, installFrom, lookAt, openModels, startButton, test } from "./models";

test("names bytes, host and license before anything large is fetched, then keeps the model", async ({ page, server, model }) => {
  await lookAt(page, server.address);
  await expect(page.locator("#models-title")).toHaveText("Noise");
  await expect(page.locator("#card-fit-title")).toHaveText("Fits this device");
  await expect(startButton(page)).toHaveText("Download 6.3 MB from localhost:4190 (Apache-2.0)");
  await expect(page.locator("#card-facts")).toContainText("made/up");
  expect(new Set(server.log.map(({ file }) => file))).toEqual(new Set(["manifest.json", "config.json"]));
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  const row = page.locator(".model-row", { hasText: "Noise" });
  await expect(row).toContainText("6.3 MB · Apache-2.0 · localhost:4190");
  await expect(row.locator(".badge")).toHaveText("In use");
  await closeModels(page);
  await expect(page.locator("#model-name")).toHaveText("Noise");
  await askAndFind(page, "umbrella");
  // The choice outlives a reload, and the model needs its server no more.
  await server.stop();
  await page.reload();
  await expect(page.locator("#model-name")).toHaveText("Noise");
  await askAndFind(page, "umbrella");
  const weights = model.files.filter(({ name }) => name !== "config.json");
  for (const { name } of weights) expect(server.requests(name), name).toHaveLength(1);
});

test("cancels and goes on where it stopped", async ({ page, server, model }) => {
  await lookAt(page, server.address);
  server.pause = 40;
  await startButton(page).click();
  const bar = page.locator("#install-bar");
  await expect.poll(() => bar.evaluate((it: HTMLProgressElement) => it.value)).toBeGreaterThan(0.3);
  await expect(page.locator("#install-detail")).toContainText("of 6.3 MB");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("#models-live")).toHaveText("Stopped. What has come is kept.");
  await expect(startButton(page)).toHaveText(/^Download the other \d\.\d\sMB from localhost:4190/);
  await page.getByRole("button", { name: "All models" }).click();
  await expect(page.locator(".model-row progress")).toBeVisible();
  server.pause = 0;
  await page.getByRole("button", { name: "Continue Noise" }).click();
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  const sent = server.log.reduce((sum, entry) => sum + entry.sent, 0);
  expect(sent).toBeLessThan(1.6 * model.bytes);
});

test("the page answers by the model before while another one comes", async ({ page, server }) => {
  await lookAt(page, server.address);
  server.pause = 1000;
  await startButton(page).click();
  await expect(page.locator("#install-detail")).toContainText("Downloading");
  await closeModels(page);
  await expect(page.locator("#model-name")).toContainText(/Noise \d+%/);
  await askAndFind(page, "both");
  server.pause = 0;
  await expect(page.locator("#model-name")).toHaveText("Noise");
  // The new model has not seen the picture; what was found stays and can be saved.
  await expect(objects(page)).toHaveText(["Umbrella", "Red ball"]);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Mask, save Umbrella" }).click();
  expect((await download).suggestedFilename()).toBe("umbrella-mask.png");
  await page.locator("#undo").click();
  await expect(objects(page)).toHaveCount(0);
});

test("deletes after asking, and nano takes over", async ({ page, server }) => {
  await installFrom(page, server.address);
  await page.getByRole("button", { name: "Delete Noise" }).click();
  await expect(page.locator(".confirm")).toContainText("free 6.3 MB? nano answers from then on.");
  await expect(page.getByRole("button", { name: "Keep", exact: true })).toBeFocused();
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await expect(page.getByRole("button", { name: "Delete Noise" })).toBeFocused();
  await page.getByRole("button", { name: "Delete Noise" }).click();
  await page.locator(".confirm").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.locator("#models-live")).toHaveText("Noise deleted.");
  await expect(page.locator("#model-rows .model-row")).toHaveCount(1);
  await closeModels(page);
  await expect(page.locator("#model-name")).toHaveText("nano");
  await askAndFind(page, "umbrella");
});

test("fault 28: a model that the browser dropped is not fetched again unasked", async ({ page, server }) => {
  await installFrom(page, server.address);
  await page.reload();
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    for (const name of names) await root.removeEntry(name, { recursive: true });
  });
  server.log.length = 0;
  await ask(page, "umbrella");
  await expect(page.locator("#note strong")).toContainText("Noise is not stored in this browser any more");
  expect(server.log).toEqual([]);
  await page.getByRole("button", { name: "Use nano" }).click();
  await expect(objects(page)).toHaveText(["Umbrella"]);
});

test("levers change the estimate and are remembered", async ({ page, server }) => {
  await lookAt(page, server.address);
  await expect(page.locator("#card-tiles input[value='12']")).toBeChecked();
  await expect(page.locator("#card-tiles")).toContainText("18.3 MB");
  await page.locator("#card-tiles label").nth(1).click();
  await page.locator("#card-low-memory").check();
  await expect(page.locator("#card-tiles")).toContainText("7.8 MB");
  await expect(page.locator("#card-reasons")).toContainText("7.8 MB");
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  const stored = await page.evaluate(() => localStorage.getItem("askmask-choice-1"));
  expect(JSON.parse(stored ?? "{}").model).toMatchObject({ maxTiles: 4, lowMemory: true });
});

test("the view survives a reload, the picture does not", async ({ page }) => {
  await openPage(page);
  await askAndFind(page, "umbrella");
  await page.locator("#views label", { hasText: "Mask" }).click();
  await page.reload();
  await expect(page.locator("#views input[value=mask]")).toBeChecked();
  await expect(objects(page)).toHaveCount(0);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).not.toContain("umbrella");
});

test("refuses addresses that the policy forbids, without a request", async ({ page }) => {
  await openPage(page);
  await openModels(page);
  await page.locator("#source-kinds label", { hasText: "Address" }).click();
  await page.locator("#source-address").fill("https://elsewhere.example/model");
  await page.locator("#source-address").press("Enter");
  await expect(page.locator("#source-error")).toContainText("not from elsewhere.example");
  await expect(page.locator("#source-address")).toBeFocused();
  await expect(page.locator("#source-address")).toHaveAttribute("aria-invalid", "true");
});

test("fault 27: a missing model is told, and looking again works", async ({ page, server }) => {
  server.order("manifest.json", { status: 404 });
  await openPage(page);
  await openModels(page);
  await page.locator("#source-kinds label", { hasText: "Address" }).click();
  await page.locator("#source-address").fill(server.address);
  await page.locator("#source-submit").click();
  await expect(page.locator("#card-error")).toContainText("neither manifest.json nor model.safetensors");
  server.reset();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.locator("#card-fit-title")).toHaveText("Fits this device");
});

test("a failed download is told, and what came before it is counted", async ({ page, server }) => {
  await lookAt(page, server.address);
  server.order("weights-00004.safetensors", { status: 403 });
  server.pause = 40;
  await startButton(page).click();
  await expect(page.locator("#card-error")).toContainText("403");
  await expect(startButton(page)).toHaveText(/^Download the other \d\.\d\sMB from localhost:4190/);
});

test("a folder from disk is used where it lies", async ({ page, model }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, "showDirectoryPicker"));
  await openPage(page);
  await openModels(page);
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose folder" }).click();
  await (await chooser).setFiles(model.folder);
  await expect(startButton(page)).toHaveText("Use Noise");
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  await closeModels(page);
  await askAndFind(page, "umbrella");
  await page.reload();
  await expect(page.locator("#model-name")).toHaveText("nano");
});

test("a folder without a model is refused by what it lacks", async ({ page, model }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, "showDirectoryPicker"));
  await openPage(page);
  await openModels(page);
  await page.locator("#folder-input").evaluate((input: HTMLInputElement) => {
    input.webkitdirectory = false;
  });
  await page.locator("#folder-input").setInputFiles(`${model.folder}/weights-00001.safetensors`);
  await expect(page.locator("#source-error")).toContainText("neither a manifest.json nor a config.json");
});

test.describe("fits", () => {
  test.describe("too large", () => {
    test.use({ modelName: "huge" });
    test("fault 14: what cannot fit is refused before the download", async ({ page, server }) => {
      await lookAt(page, server.address);
      await expect(page.locator("#card-fit-title")).toHaveText("Does not fit this device");
      await expect(page.locator("#card-reasons li")).toHaveText([
        "The model needs 5 MB, and there are 2 MB.",
        "Try 1 tile: 4 MB instead of 5 MB.",
        "Try low memory: 3 MB instead of 5 MB.",
      ]);
      await expect(startButton(page)).toBeDisabled();
    });
  });

  test.describe("tight", () => {
    test.use({ modelName: "tight" });
    test("what is tight begins with the least that it can do with", async ({ page, server }) => {
      await lookAt(page, server.address);
      await expect(page.locator("#card-fit-title")).toHaveText("Tight on this device");
      await expect(page.locator("#card-tiles input[value='1']")).toBeChecked();
      await expect(page.locator("#card-low-memory")).toBeChecked();
      await expect(startButton(page)).toBeEnabled();
    });
  });
});

test("fault 22: a second tab waits for the first one's download", async ({ page, server, context }) => {
  await lookAt(page, server.address);
  const other = await context.newPage();
  await lookAt(other, server.address);
  server.pause = 400;
  await startButton(page).click();
  await expect(page.locator("#install-detail")).toContainText("Downloading");
  await startButton(other).click();
  await expect(other.locator("#install-detail")).toContainText("nother tab");
  server.pause = 0;
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  await expect(other.locator("#models-live")).toHaveText("Noise is ready.");
});
