/** The models dialog on the way from a publisher's repository to a photograph's model. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "@playwright/test";
import { askAndFind, openPage } from "./helpers";
import { closeModels, openModels, PORT, startButton } from "./models";
import { ADDRESS, look, test } from "./raw";

test("experience 36: names what is downloaded and kept, converts, and answers without a network", async ({ page, server, raw }) => {
  await openPage(page);
  await look(page);
  await expect(page.locator("#models-title")).toHaveText("photos");
  await expect(startButton(page)).toHaveText(`Download 6.3 MB from localhost:${PORT}, keep 1.6 MB (mit)`);
  await expect(page.locator("#card-facts")).toContainText("Downloads6.3 MB");
  await expect(page.locator("#card-promise")).toContainText("Converted on the way");
  expect(server.log.reduce((sum, { sent }) => sum + sent, 0)).toBeLessThan(0.2 * raw.bytes);
  server.pause = 20;
  await startButton(page).click();
  await expect(page.locator("#install-detail")).toHaveText(/^Converting, \d\.\d\sMB of 6\.3\sMB.*; \d+ of 24 layers$/);
  await closeModels(page);
  await askAndFind(page, "umbrella");
  server.pause = 0;
  await expect(page.locator("#model-name")).toHaveText("photos");
  await server.stop();
  await page.reload();
  await expect(page.locator("#model-name")).toHaveText("photos");
  await askAndFind(page, "umbrella");
});

test("bits are a lever: another conversion, which is kept beside the first", async ({ page }) => {
  await openPage(page);
  await look(page);
  await expect(page.locator("#card-bits input[value='4']")).toBeChecked();
  await page.locator("#card-bits label", { hasText: "8 bits" }).click();
  await expect(startButton(page)).toHaveText(`Download 6.3 MB from localhost:${PORT}, keep 3.1 MB (mit)`);
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("photos is ready.");
  await closeModels(page);
  await look(page);
  await expect(startButton(page)).toHaveText(`Download 6.3 MB from localhost:${PORT}, keep 1.6 MB (mit)`);
  await page.locator("#card-bits label", { hasText: "8 bits" }).click();
  await expect(startButton(page)).toHaveText("Use photos");
});

test("cancelled, it goes on where it stopped", async ({ page, server, raw }) => {
  await openPage(page);
  await look(page);
  server.pause = 30;
  await startButton(page).click();
  const bar = page.locator("#install-bar");
  await expect.poll(() => bar.evaluate((it: HTMLProgressElement) => it.value)).toBeGreaterThan(0.4);
  await expect(page.locator("#card-promise")).toHaveText("Cancelling keeps what is converted.");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("#models-live")).toHaveText("Stopped. What has come is kept.");
  await expect(startButton(page)).toHaveText(/^Download the other \d\.\d\sMB from localhost:\d+, keep 1\.6\sMB \(mit\)$/);
  server.pause = 0;
  server.reset();
  await page.reload();
  await openModels(page);
  await page.getByRole("button", { name: "Continue photos" }).click();
  await expect(startButton(page)).toHaveText(/^Download the other/);
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("photos is ready.");
  const sent = server.log.reduce((sum, entry) => sum + entry.sent, 0);
  expect(sent).toBeLessThan(0.95 * raw.bytes);
});

test("a link to the page may name the model that lies beside it", async ({ page }) => {
  await page.goto(`./?model=${ADDRESS}`);
  await expect(page.locator("#models-title")).toHaveText("photos");
  await expect(startButton(page)).toHaveText(/^Download 6\.3\sMB/);
  await page.goto("./?model=https://elsewhere.example/m");
  await expect(page.locator("#source-error")).toContainText("not from elsewhere.example");
});

test("saved as a folder, it is a model that opens anywhere", async ({ page }, info) => {
  await openPage(page);
  await look(page);
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("photos is ready.");
  // The browser's own picker cannot be driven; a folder of the site's stands in for the chosen one.
  await page.evaluate(() => {
    Object.assign(window, { showDirectoryPicker: () => navigator.storage.getDirectory() });
  });
  await page.getByRole("button", { name: "Save photos as a folder" }).click();
  await expect(page.locator("#storage-state")).toHaveText("photos is saved in photos.");
  const names = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("photos");
    const found: string[] = [];
    for await (const name of folder.keys()) found.push(name);
    return found.sort();
  });
  expect(names).toEqual(["config.json", "manifest.json", "tokenizer.json", "weights-00001.safetensors"]);
  // Where there is no such picker, the files go to the downloads.
  await page.evaluate(() => Reflect.deleteProperty(window, "showDirectoryPicker"));
  const saved: string[] = [];
  page.on("download", (download) => {
    saved.push(download.suggestedFilename());
    void download.saveAs(info.outputPath("saved", download.suggestedFilename()));
  });
  await page.getByRole("button", { name: "Save photos as a folder" }).click();
  await expect(page.locator("#storage-state")).toContainText("4 files of photos go to your downloads");
  await expect.poll(() => saved.sort()).toEqual(names);
  await expect.poll(() => readFile(path.join(info.outputPath("saved"), "manifest.json"), "utf8").catch(() => "")).toContain("photos");
});

test("a publisher's folder is converted where it lies", async ({ page, raw }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, "showDirectoryPicker"));
  await openPage(page);
  await openModels(page);
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose folder" }).click();
  await (await chooser).setFiles(raw.folder);
  await expect(startButton(page)).toHaveText("Convert 6.3 MB, keep 1.6 MB (mit)");
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("raw is ready.");
  await page.reload();
  await expect(page.locator("#model-name")).toHaveText("raw");
  await askAndFind(page, "umbrella");
});

test("checkpoints that the page may not reach are named, and cannot be got", async ({ page }) => {
  await openPage(page);
  await openModels(page);
  const row = page.locator("#checkpoints .model-row", { hasText: "Sa2VA-1B" });
  await expect(row).toContainText("This page may not fetch models from huggingface.co.");
  await expect(row.getByRole("button")).toBeDisabled();
});
