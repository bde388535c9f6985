/** A whole use of the page, seen from the network. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { chromium, expect, type Page, test } from "@playwright/test";
import { FAKE } from "../base";
import { ask, askAndFind, idle, objects, onPicture, openPage, pickTool } from "./helpers";
import { RecordingProxy } from "./proxy";

/** Chromium's own errands: sign-in, updates, form signatures. The page's policy allows none of them. */
const BROWSER =
  /^(http:\/\/)?(accounts\.google|(update|content-autofill)\.googleapis|redirector\.gvt1)\.com[:/]/;

const QUESTION = "zebra-marker umbrella";

/** Opens, asks, refines, saves, looks at the models, and does it again with a file. */
async function useAll(page: Page): Promise<void> {
  await openPage(page);
  await askAndFind(page, QUESTION);
  await pickTool(page, "Include");
  await page.mouse.click(...(await onPicture(page, 0.3, 0.4)));
  await idle(page);
  for (const kind of ["Mask", "Cutout", "RLE", "SVG"]) {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: `${kind}, save Umbrella` }).click();
    await download;
  }
  await page.locator("#models-open").click();
  await expect(page.locator("#model-rows .model-row")).toHaveCount(1);
  await page.getByRole("button", { name: "Close" }).click();
  const bytes = await readFile(path.join(FAKE, "public/samples/desk.png"));
  await page.locator("#file").setInputFiles({
    name: "zebra-marker.png",
    mimeType: "image/png",
    buffer: bytes,
  });
  await expect(page.locator("#live")).toContainText("zebra-marker.png is ready");
  await askAndFind(page, QUESTION);
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await ask(page, "zebra-marker crash");
  await expect(page.locator("#note strong")).toBeVisible();
}

// A busy machine needs its time for two whole uses.
test.setTimeout(180_000);

test("a whole use asks its own origin alone, and sends nothing", async ({ baseURL }, info) => {
  const origin = baseURL ?? "";
  const proxy = new RecordingProxy();
  const { launchOptions } = info.project.use;
  const context = await chromium.launchPersistentContext(info.outputPath("profile"), {
    ...launchOptions,
    baseURL: origin,
    proxy: { server: await proxy.start() },
    serviceWorkers: "allow",
    viewport: { width: 1440, height: 900 },
  });
  try {
    const page = await context.newPage();
    await useAll(page);
    // Once more from the service worker, which has its own way to the network.
    await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
    await useAll(page);
  } finally {
    await context.close();
    proxy.stop();
  }
  const requests = proxy.requests.filter(({ url }) => !BROWSER.test(url));
  expect(requests.length).toBeGreaterThan(20);
  const foreign = requests.filter(({ url }) => !url.startsWith(origin));
  expect(foreign.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
  expect(requests.filter(({ method, body }) => method !== "GET" || body.length > 0)).toEqual([]);
  const marked = requests.filter(({ url, headers }) => /zebra|marker/i.test(url + headers));
  expect(marked).toEqual([]);
});
