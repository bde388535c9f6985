/** The service worker: starts without a network, and never mixes two builds. */
import { rm } from "node:fs/promises";
import { type BrowserContext, chromium, expect, type Page, test } from "@playwright/test";
import { askAndFind, objects, openPage } from "./helpers";
import { Site } from "./site";

let site: Site;
let profile: string;

/** A browser with a profile on disk, as people have one; closing it is a cold start. */
function openBrowser(): Promise<BrowserContext> {
  const { launchOptions } = test.info().project.use;
  const baseURL = site.address;
  return chromium.launchPersistentContext(profile, { ...launchOptions, baseURL, serviceWorkers: "allow" });
}

/** Waits until the first answer's files are kept. */
async function kept(page: Page): Promise<void> {
  const model = () =>
    page.evaluate(async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith("askmask "));
      const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return keys.flat().filter(({ url }) => url.includes("models/nano/")).length;
    });
  await expect.poll(model).toBeGreaterThan(2);
}

async function firstVisit(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await openPage(page);
  await askAndFind(page, "umbrella");
  await kept(page);
  return page;
}

test.beforeEach(async ({}, info) => {
  profile = info.outputPath("profile");
  site = await Site.copyTo(info.outputPath("site"), 4180);
  await site.start();
});

test.afterEach(async () => {
  await site.stop();
  await rm(profile, { recursive: true, force: true });
});

test("starts cold without a server and answers about a sample", async () => {
  const first = await openBrowser();
  await firstVisit(first);
  await first.close();
  await site.stop();
  const second = await openBrowser();
  const page = await second.newPage();
  await page.goto("./?device=cpu");
  await expect(page.locator("#preview")).toBeVisible();
  await page.getByRole("button", { name: "A desk" }).click();
  await expect(page.locator("#live")).toContainText("A desk is ready");
  await askAndFind(page, "both");
  await expect(objects(page)).toHaveText(["Umbrella", "Red ball"]);
  await second.close();
});

test("fetches nothing large before the first question", async () => {
  const context = await openBrowser();
  const page = await context.newPage();
  await openPage(page);
  await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
  expect(site.requests.filter((path) => /safetensors|wasm$/.test(path))).toEqual([]);
  await context.close();
});

test("what an answer needs is fetched once, also where the browser caches nothing", async () => {
  site.cache = "no-store";
  const context = await openBrowser();
  // Before the page has its service worker, too: the first load waits for it.
  const page = await firstVisit(context);
  const weights = () => site.requests.filter((path) => path.endsWith(".safetensors")).length;
  expect(weights()).toBe(1);
  await page.reload();
  await askAndFind(page, "both");
  expect(weights()).toBe(1);
  await context.close();
});

test("where all is kept, the model is made ready before the first question", async () => {
  const context = await openBrowser();
  const page = await firstVisit(context);
  await page.reload();
  await expect(page.locator("#device-name")).toHaveText("Runs on CPU");
  await expect(page.locator("#stage-detail")).toBeEmpty();
  await askAndFind(page, "both");
  await context.close();
});

test("fault 23: a new build waits, is offered, and replaces the old one whole", async () => {
  const context = await openBrowser();
  await firstVisit(context);
  await site.publish("the new build");
  const page = await context.newPage();
  await openPage(page);
  // The old build still answers while the new one waits.
  await expect(page).toHaveTitle("askmask");
  await expect(page.locator("#update")).toBeVisible();
  await expect(page.locator("#live")).toHaveText("An update is ready.");
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.locator("#update-text")).toContainText("1 other tab of this page still runs");
  await expect(page).toHaveTitle("askmask");
  for (const other of context.pages()) if (other !== page) await other.close();
  // What lies in the origin's file system is no matter of builds.
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await root.getFileHandle("stored-weights", { create: true });
    const writer = await file.createWritable();
    await writer.write("weights");
    await writer.close();
  });
  const before = site.requests.filter((path) => path.endsWith(".safetensors")).length;
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page).toHaveTitle("the new build");
  await site.stop();
  await page.reload();
  await askAndFind(page, "umbrella");
  const stored = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    return (await (await root.getFileHandle("stored-weights")).getFile()).text();
  });
  expect(stored).toBe("weights");
  // Unchanged files were taken over, not fetched again.
  expect(site.requests.filter((path) => path.endsWith(".safetensors"))).toHaveLength(before);
  expect(await page.evaluate(async () => (await caches.keys()).length)).toBe(1);
  await context.close();
});

test("fault 23: a build that is published by halves is not taken", async () => {
  const context = await openBrowser();
  const first = await firstVisit(context);
  await first.close();
  await site.publish("half a build", "wrong");
  const page = await context.newPage();
  await openPage(page);
  const state = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update().catch(() => undefined);
    const worker = registration.installing;
    if (worker === null) return "none";
    return new Promise((resolve) => {
      worker.onstatechange = () => resolve(worker.state);
    });
  });
  expect(["none", "redundant"]).toContain(state);
  await expect(page.locator("#update")).toBeHidden();
  await site.stop();
  await page.reload();
  await expect(page).toHaveTitle("askmask");
  await askAndFind(page, "umbrella");
  await context.close();
});
