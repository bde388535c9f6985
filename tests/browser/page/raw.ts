/** A publisher's repository on a server that is no part of the site, and the way to its card. */
import { test as base, expect, type Page } from "@playwright/test";
import { FaultyServer } from "../server/faulty";
import { makeRawModel } from "../server/model";
import { openModels, PORT } from "./models";

export const test = base.extend<{ raw: { folder: string; bytes: number }; server: FaultyServer }>({
  raw: async ({}, use, info) => use(await makeRawModel(info.outputPath("raw"))),
  server: [
    async ({ raw }, use) => {
      const server = new FaultyServer(raw.folder, PORT);
      await server.start();
      await use(server);
      await server.stop();
    },
    { auto: true },
  ],
});

export const ADDRESS = `http://localhost:${PORT}/photos`;

/** Opens the repository's card. */
export async function look(page: Page): Promise<void> {
  await openModels(page);
  await page.locator("#source-kinds label", { hasText: "Address" }).click();
  await page.locator("#source-address").fill(ADDRESS);
  await page.locator("#source-submit").click();
  await expect(page.locator("#card-fit-title")).toBeVisible();
}
