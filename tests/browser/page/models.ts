/** A server with a model that is no part of the site, and steps in the models dialog. */
import { test as base, expect, type Page } from "@playwright/test";
import { FaultyServer } from "../server/faulty";
import { makeModel, type ModelFolder } from "../server/model";
import { openPage } from "./helpers";

/** In the policy of the site under test. */
export const PORT = 4190;

interface Fixtures {
  model: ModelFolder;
  server: FaultyServer;
  /** Name of the model; the stand-in reads from it whether it fits. */
  modelName: string;
}

export const test = base.extend<Fixtures>({
  modelName: ["Noise", { option: true }],
  model: async ({ modelName }, use, info) => use(await makeModel(info.outputPath("model"), modelName)),
  server: async ({ model }, use) => {
    const server = new FaultyServer(model.folder, PORT);
    await server.start();
    await use(server);
    await server.stop();
  },
});

export function startButton(page: Page) {
  return page.locator("#card-start");
}

/** Opens the dialog. */
export async function openModels(page: Page): Promise<void> {
  await page.locator("#models-open").click();
  await expect(page.locator("#models")).toBeVisible();
}

/** Opens the page and the card of the model at `address`. */
export async function lookAt(page: Page, address: string): Promise<void> {
  await openPage(page);
  await openModels(page);
  await page.locator("#source-kinds label", { hasText: "Address" }).click();
  await page.locator("#source-address").fill(address);
  await page.locator("#source-submit").click();
  await expect(page.locator("#card-fit-title")).toBeVisible();
}

/** Downloads the model at `address`, and comes back to the list. */
export async function installFrom(page: Page, address: string): Promise<void> {
  await lookAt(page, address);
  await startButton(page).click();
  await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
  await expect(page.locator("#models-title")).toHaveText("Models");
}

export async function closeModels(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.locator("#models")).toBeHidden();
}
