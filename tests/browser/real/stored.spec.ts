/** nano from a server that misbehaves, kept in the browser's storage: the embedded model's equal. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { HARNESS, WEB } from "../base";
import { FaultyServer } from "../server/faulty";

const NANO = path.join(WEB, "../models/nano");
const WEIGHTS = "weights-00001.safetensors";
const QUESTION = "Where is the banana?";
const MEBIBYTE = 2 ** 20;

test.use({ baseURL: HARNESS });

async function open(page: Page): Promise<void> {
  await page.goto("./");
  await page.waitForFunction(() => "harness" in globalThis);
}

/** The loaded model's answer about a sample, with its masks as run lengths. */
async function ask(page: Page) {
  const sample = await readFile(path.join(WEB, "public/samples/kitchen.webp"), "base64");
  return page.evaluate(
    async ([base64, question]) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const picture = await harness.model?.setImage(new Blob([bytes]));
      const answer = await picture?.ask(question);
      const masks = await Promise.all((answer?.objects ?? []).map(({ mask }) => mask.toRle()));
      return { text: answer?.text, masks };
    },
    [sample, QUESTION] as const,
  );
}

for (const device of ["cpu", "gpu"] as const) {
  test(`stored after a broken download, loaded without the server, on ${device}`, async ({ page }) => {
    const server = new FaultyServer(NANO);
    await server.start();
    await open(page);
    const embedded = await page.evaluate((where) => harness.load({ kind: "embedded" }, { device: where }), device);
    expect(embedded).toMatchObject({ error: null, notice: null, device });
    const expected = await ask(page);
    expect(expected.masks).toHaveLength(1);
    await page.evaluate(() => harness.dispose());

    const source = { kind: "manifest", url: `${server.address}/nano/manifest.json` } as const;
    server.order(WEIGHTS, { stall: 6 * MEBIBYTE, times: 1 });
    const loading = page.evaluate(
      ([from, where]) => harness.load(from, { device: where, retry: { idle: 60_000, delay: 20 } }),
      [source, device] as const,
    );
    await page.waitForFunction((least) => (harness.progress.at(-1)?.done ?? 0) >= least, 6 * MEBIBYTE);
    server.drop();
    expect(await loading).toMatchObject({ error: null, notice: null, device });
    expect(server.requests(WEIGHTS).map(({ range }) => range)).toEqual([undefined, `bytes=${6 * MEBIBYTE}-`]);

    await server.stop();
    await open(page);
    const stored = await page.evaluate(
      ([from, where]) => harness.load(from, { device: where }),
      [source, device] as const,
    );
    expect(stored).toMatchObject({ error: null, notice: null, device });
    const memory = await page.evaluate(() => harness.model?.memoryUsage());
    expect(memory?.heapPeak).toBeLessThanOrEqual(200 * MEBIBYTE);
    expect((memory?.gpuPeak ?? 0) > 0).toBe(device === "gpu");
    expect(await ask(page)).toEqual(expected);
  });
}

test("says what nano needs", async ({ page }) => {
  await open(page);
  const report = await page.evaluate(() => harness.askmask.preflight({ kind: "embedded" }));
  expect(report).toMatchObject({ name: "nano", device: "cpu" });
  expect(report.preflight.stages.map(({ stage }) => stage)).toEqual(["load", "encode-image", "think", "mask"]);
  expect(report.preflight.fit).not.toBe("does-not-fit");
});
