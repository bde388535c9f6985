/**
 * A model of a public checkpoint's size, by hand: `ASKMASK_FULL_SIZE=FOLDER npx playwright test -c
 * real.config.ts full-size`, with a folder that `cargo xtask full-size` and `askmask quantize` made.
 * Prints what docs/full-size.md records.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { chromium, expect, test } from "@playwright/test";
import { HARNESS, WEB } from "../base";
import { FaultyServer } from "../server/faulty";

const FOLDER = process.env.ASKMASK_FULL_SIZE ?? "";
const MEBIBYTE = 2 ** 20;

test.skip(FOLDER === "", "takes a folder of some hundred megabytes");

test("loads, answers and draws at full size on the CPU", async ({}, info) => {
  test.setTimeout(3_600_000);
  const server = new FaultyServer(FOLDER);
  await server.start();
  // A profile on disk: without one the browser keeps what is stored in its memory.
  const { launchOptions } = info.project.use;
  const context = await chromium.launchPersistentContext(info.outputPath("profile"), {
    ...launchOptions,
  });
  const page = await context.newPage();
  await page.goto(HARNESS);
  await page.waitForFunction(() => "harness" in globalThis);
  const source = {
    kind: "manifest",
    url: `${server.address}/${path.basename(FOLDER)}/manifest.json`,
  } as const;
  const started = Date.now();
  const loaded = await page.evaluate(
    ([from]) =>
      harness.load(from, { device: "cpu", maxTiles: 1, patience: { idle: 120_000, retry: 1000 } }),
    [source] as const,
  );
  expect(loaded).toMatchObject({ error: null, device: "cpu" });
  const load = (Date.now() - started) / 1000;
  await server.stop();
  console.log(
    JSON.stringify({ load, memory: await page.evaluate(() => harness.model?.memoryUsage()) }),
  );
  const sample = await readFile(path.join(WEB, "public/samples/kitchen.webp"), "base64");
  const answer = await page.evaluate(async (base64) => {
    const seconds = (since: number) => (performance.now() - since) / 1000;
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const memory = [await harness.model?.memoryUsage()];
    let since = performance.now();
    const picture = await harness.model?.setImage(new Blob([bytes]));
    const encode = seconds(since);
    memory.push(await harness.model?.memoryUsage());
    since = performance.now();
    const { text = "", objects = [] } = (await picture?.ask("Where is the banana?")) ?? {};
    const think = seconds(since);
    since = performance.now();
    const drawn = await picture?.refine(null, { points: [{ x: 100, y: 100, label: 1 }] });
    const mask = seconds(since);
    memory.push(await harness.model?.memoryUsage());
    return {
      encode,
      think,
      mask,
      letters: text.length,
      objects: objects.length,
      drawn: drawn?.area,
      memory,
    };
  }, sample);
  console.log(JSON.stringify(answer));
  expect(answer.letters).toBeGreaterThan(0);
  expect(answer.memory[0]?.heapPeak ?? 0).toBeLessThan(
    200 * MEBIBYTE + (answer.memory[0]?.heap ?? 0),
  );
  await context.close();
});
