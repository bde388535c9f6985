/**
 * A model of a public checkpoint's size, by hand: `ASKMASK_FULL_SIZE=FOLDER ASKMASK_FULL_SIZE_RAW=RAW
 * npx playwright test -c real.config.ts full-size`, with RAW that `cargo xtask full-size` wrote, and
 * FOLDER that `askmask quantize RAW FOLDER --name sa2va --source made/sa2va@COMMIT --licence "not
 * stated"` made of it, COMMIT being forty zeros. Prints what docs/full-size.md records.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test as base, chromium, expect, type Page } from "@playwright/test";
import { HARNESS, WEB } from "../base";
import { FaultyServer } from "../server/faulty";

const FOLDER = process.env.ASKMASK_FULL_SIZE ?? "";
const RAW = process.env.ASKMASK_FULL_SIZE_RAW ?? "";
const COMMIT = "0".repeat(40);
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
  await answer(harnessPage);
});

test("a repository is converted in the tab: killed at 60 %, gone on with, the same bytes, offline", async ({ harnessPage }) => {
  test.skip(RAW === "", "takes a repository of some gigabytes");
  const raw = new FaultyServer(RAW);
  await raw.start();
  raw.order("config.json", { headers: { "X-Repo-Commit": COMMIT } });
  const source = { kind: "hub", id: "made/sa2va", revision: "main", host: raw.address } as const;
  const report = await harnessPage.evaluate((from) => harness.askmask.preflight(from), source);
  const { download = 0 } = report.conversion ?? {};
  console.log(JSON.stringify({ download, keeps: report.bytes, licence: report.licence }));

  raw.budget = 0.6 * download;
  const started = Date.now();
  const held = (least: number) => (harness.progress.at(-1)?.done ?? 0) >= least;
  const first = harnessPage.evaluate((from) => harness.load(from, { device: "gpu", maxTiles: 1 }), source);
  await harnessPage.waitForFunction(held, 0.5 * download, { polling: 200 });
  const seconds = (Date.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, megabytesPerSecond: (0.5 * download) / 1e6 / seconds }));
  expect((await first).error).toMatchObject({ code: "network" });
  const half = await harnessPage.evaluate(() => harness.progress.at(-1)?.done ?? 0);
  console.log(JSON.stringify({ converted: half, sent: raw.log.reduce((sum, entry) => sum + entry.sent, 0) }));

  raw.reset();
  raw.order("config.json", { headers: { "X-Repo-Commit": COMMIT } });
  await harnessPage.reload();
  await harnessPage.waitForFunction(() => "harness" in globalThis);
  const done = await harnessPage.evaluate(
    (from) => harness.load(from, { device: "gpu", maxTiles: 1, retry: { idle: 120_000, delay: 1000 } }),
    source,
  );
  expect(done).toMatchObject({ error: null, notice: null });
  const sent = raw.log.reduce((sum, entry) => sum + entry.sent, 0);
  // What was read of a block that had not ended is read again: of the head, 27 MB of source.
  expect(sent).toBeLessThan(download - half + 64e6);
  const usage = await harnessPage.evaluate(() => harness.model?.memoryUsage());
  console.log(JSON.stringify({ sent, usage }));
  expect(usage?.heapPeak).toBeLessThan(HEADROOM);
  expect(await hashesOf(harnessPage)).toEqual(await hashesIn(FOLDER));

  await raw.stop();
  await harnessPage.reload();
  await harnessPage.waitForFunction(() => "harness" in globalThis);
  const offline = await harnessPage.evaluate((from) => harness.load(from, { device: "cpu", maxTiles: 1 }), source);
  expect(offline).toMatchObject({ error: null, notice: null, device: "cpu" });
  await answer(harnessPage);
});

/** SHA-256 of the files of the one stored model. */
function hashesOf(page: Page): Promise<Record<string, string>> {
  return page.evaluate(async () => {
    const [model] = await harness.askmask.models();
    const hashes: Record<string, string> = {};
    for (const [name, blob] of await harness.askmask.modelFiles(model?.key ?? "")) {
      const hash = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
      hashes[name] = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return hashes;
  });
}

async function hashesIn(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    hashes[name] = createHash("sha256").update(await readFile(path.join(folder, name))).digest("hex");
  }
  return hashes;
}

/** Asks one question and clicks once; prints how long each stage took. */
async function answer(harnessPage: Page): Promise<void> {
  const sample = await readFile(path.join(WEB, "public/samples/kitchen.webp"), "base64");
  const answered = await harnessPage.evaluate(async (base64) => {
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
  console.log(JSON.stringify(answered));
  expect(answered.letters).toBeGreaterThan(0);
  expect(answered.drawn).toBeDefined();
}

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
