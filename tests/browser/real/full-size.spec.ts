/**
 * A model of a public checkpoint's size, by hand: `ASKMASK_FULL_SIZE=FOLDER npx playwright test -c
 * real.config.ts full-size`, with a folder that `cargo xtask full-size` and `askmask quantize` made.
 * Prints what docs/full-size.md records.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test as base, chromium, expect, type Page } from "@playwright/test";
import { HARNESS, WEB } from "../base";
import { FaultyServer } from "../server/faulty";

const FOLDER = process.env.ASKMASK_FULL_SIZE ?? "";
const HEADROOM = 200 * 2 ** 20;

interface Fixtures {
  server: FaultyServer;
  /** With a profile on disk: without one the browser keeps what is stored in its memory. */
  harnessPage: Page;
}

const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const server = new FaultyServer(FOLDER);
    await server.start();
    await use(server);
    await server.stop();
  },
  harnessPage: async ({}, use, info) => {
    const { launchOptions } = info.project.use;
    const context = await chromium.launchPersistentContext(info.outputPath("profile"), { ...launchOptions });
    const page = await context.newPage();
    await page.goto(HARNESS);
    await page.waitForFunction(() => "harness" in globalThis);
    await use(page);
    await context.close();
  },
});

test.skip(FOLDER === "", "takes a folder of some hundred megabytes");
test.setTimeout(7_200_000);

test("loads onto the GPU with little of it in the page's memory", async ({ server, harnessPage }) => {
  const usage = await load(harnessPage, server, "gpu");
  // What remembers frames of videos is in the files, and not loaded.
  expect(usage.gpu).toBeGreaterThan(0.8 * (await weightBytes()));
  expect(usage.heapPeak).toBeLessThan(HEADROOM);
});

test("loads, answers and draws on the CPU", async ({ server, harnessPage }) => {
  const usage = await load(harnessPage, server, "cpu");
  expect(usage.heapPeak).toBeLessThan((await weightBytes()) + HEADROOM);
  await server.stop();
  const sample = await readFile(path.join(WEB, "public/samples/kitchen.webp"), "base64");
  const answer = await harnessPage.evaluate(async (base64) => {
    const seconds = (since: number) => (performance.now() - since) / 1000;
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    let since = performance.now();
    const picture = await harness.model?.setImage(new Blob([bytes]));
    const encode = seconds(since);
    since = performance.now();
    const { text = "", objects = [] } = (await picture?.ask("Where is the banana?")) ?? {};
    const think = seconds(since);
    since = performance.now();
    const drawn = await picture?.refine(null, { points: [{ x: 100, y: 100, label: 1 }] });
    const mask = seconds(since);
    const memory = await harness.model?.memoryUsage();
    return { encode, think, mask, letters: text.length, objects: objects.length, drawn: drawn?.area, memory };
  }, sample);
  console.log(JSON.stringify(answer));
  expect(answer.letters).toBeGreaterThan(0);
  expect(answer.drawn).toBeDefined();
});

/** Downloads and loads; the memory used then. */
async function load(page: Page, server: FaultyServer, device: "cpu" | "gpu") {
  const url = `${server.address}/${path.basename(FOLDER)}/manifest.json`;
  const started = Date.now();
  const { error, device: used } = await page.evaluate(
    ([url, device]) =>
      harness.load({ kind: "manifest", url }, { device, maxTiles: 1, retry: { idle: 120_000, delay: 1000 } }),
    [url, device] as const,
  );
  expect({ error, used }).toEqual({ error: null, used: device });
  const usage = await page.evaluate(() => harness.model?.memoryUsage());
  console.log(JSON.stringify({ device, seconds: (Date.now() - started) / 1000, usage }));
  if (usage === undefined) throw new Error("nothing was loaded");
  return usage;
}

async function weightBytes(): Promise<number> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".safetensors"));
  const sizes = await Promise.all(names.map((name) => stat(path.join(FOLDER, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
