/** A publisher's repository becomes a model in the tab, the same as on the command line. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { chromium } from "@playwright/test";
import { makeRepository } from "../server/repository";
import { Tab } from "../store/setup";
import { commandLineHashes, expect, FIXTURES, storedHashes, test, weightBytes } from "./repositories";

const MEBIBYTE = 2 ** 20;

test("what it takes is told before a weight is read", async ({ tab, server, source, repository }) => {
  const report = await tab.page.evaluate((from) => harness.askmask.preflight(from), source);
  expect(report).toMatchObject({
    name: "tiny",
    source: `${server.address}/tiny`,
    licence: "apache-2.0",
    cachedBytes: 0,
    conversion: { bits: 4 },
  });
  const { download = 0 } = report.conversion ?? {};
  expect(download).toBeGreaterThan(0.9 * repository.bytes);
  expect(download).toBeLessThan(repository.bytes);
  expect(report.bytes).toBeLessThan(0.6 * repository.bytes);
  // The beginnings of two shards, which hold the headers.
  expect(weightBytes(server)).toBeLessThanOrEqual(2 * 2 ** 18);
  const larger = await tab.page.evaluate((from) => harness.askmask.preflight({ ...from, bits: 8 }), source);
  expect(larger.bytes).toBeGreaterThan(1.2 * report.bytes);
});

for (const bits of [4, 8] as const) {
  test(`${bits} bits: the same bytes as by askmask quantize, and no server afterwards`, async ({ tab, server, source, repository }, info) => {
    const wanted = { ...source, bits };
    const done = await tab.load(wanted);
    expect(done).toMatchObject({ error: null, notice: null, device: "cpu" });
    const converting = done.progress.filter(({ layers }) => layers !== undefined);
    expect(converting.at(-1)).toMatchObject({ stage: "download", done: converting.at(-1)?.total });
    const { layers } = converting.at(-1) ?? {};
    expect(layers?.done).toBe(layers?.total);
    expect(layers?.total).toBeGreaterThan(100);
    const more = ["language", "head", "vision", "mask"].flatMap((part) => [`--${part}-bits`, String(bits)]);
    const origin = { name: "tiny", source: `${server.address}/tiny`, more };
    const expected = await commandLineHashes(repository.folder, info.outputPath("converted"), origin);
    expect(await storedHashes(tab)).toEqual(expected);
    const memory = await tab.page.evaluate(() => harness.model?.memoryUsage());
    expect(memory?.heapPeak).toBeLessThan(200 * MEBIBYTE);

    await server.stop();
    server.reset();
    await tab.reload();
    expect(await tab.load(wanted)).toMatchObject({ error: null, notice: null });
    expect(await tab.ask("Where is it?")).toEqual(expect.any(String));
    expect(server.log).toEqual([]);
  });
}

test("killed at 60 %, reloaded: only the rest is asked for", async ({ tab, server, source, repository }, info) => {
  // Two headers, and the files beside the weights.
  const look = 2 * 2 ** 18;
  server.budget = Math.floor(0.6 * repository.bytes) + look + 60_000;
  const loading = tab.load(source, { retry: { idle: 60_000, delay: 20 } });
  await tab.progressed(0.5 * repository.bytes);
  await expect.poll(() => server.budget).toBe(0);
  server.drop();
  expect((await loading).error).toMatchObject({ code: "network" });
  const [part] = await tab.models();
  expect(part).toMatchObject({ name: "tiny", complete: false });
  const read = weightBytes(server);

  server.reset();
  await tab.reload();
  const report = await tab.page.evaluate((from) => harness.askmask.preflight(from), source);
  const { download = 0 } = report.conversion ?? {};
  expect(download).toBeLessThan(0.6 * repository.bytes);
  server.reset();
  expect((await tab.load(source)).error).toBeNull();
  // What was read of a tensor that had not ended is read again; the largest has a tenth of all.
  expect(weightBytes(server)).toBeLessThan(repository.bytes - read + 2 * look + 0.1 * repository.bytes);
  const parts = server.log.filter(({ range }) => range?.endsWith("-"));
  expect(parts.length).toBeGreaterThan(0);
  const origin = { name: "tiny", source: `${server.address}/tiny` };
  expect(await storedHashes(tab)).toEqual(await commandLineHashes(repository.folder, info.outputPath("whole"), origin));
});

test("cancelled at any moment, it goes on behind its last block", async ({ tab, server, source, repository }, info) => {
  server.pause = 15;
  let rounds = 0;
  for (let share = 0.2; share < 1; share += 0.2) {
    const loading = tab.load(source);
    await tab.progressed(share * repository.bytes);
    await tab.page.evaluate(() => harness.cancel());
    expect((await loading).error).toMatchObject({ name: "AbortError" });
    // The worker lets go of its files a moment later.
    await tab.reload();
    rounds++;
  }
  expect(rounds).toBeGreaterThan(3);
  server.pause = 0;
  expect((await tab.load(source)).error).toBeNull();
  const origin = { name: "tiny", source: `${server.address}/tiny` };
  expect(await storedHashes(tab)).toEqual(await commandLineHashes(repository.folder, info.outputPath("whole"), origin));
});

test("of two tabs one converts, the other waits and opens the same", async ({ tab, server, source, repository, context }) => {
  server.pause = 15;
  const other = await Tab.open(context);
  const first = tab.load(source);
  await tab.progressed(0.3 * repository.bytes);
  const [one, two] = await Promise.all([first, other.load(source)]);
  expect([one.error, two.error]).toEqual([null, null]);
  expect(two.progress.some(({ note }) => note === "Another tab is converting this model.")).toBe(true);
  expect(weightBytes(server)).toBeLessThan(repository.bytes + 6 * 2 ** 18);
  expect(await other.ask("Where is it?")).toEqual(expect.any(String));
});

test("without files to write to, a conversion is kept in the browser's cache, and goes on there", async ({ server, source, repository, baseURL }, info) => {
  const { launchOptions } = info.project.use;
  const args = [...(launchOptions?.args ?? []), "--disable-blink-features=FileSystemAccessOriginPrivate"];
  const options = { ...launchOptions, args, ...(baseURL && { baseURL }) };
  const context = await chromium.launchPersistentContext(info.outputPath("profile"), options);
  const tab = await Tab.open(context);
  server.budget = Math.floor(0.6 * repository.bytes) + 2 ** 19 + 60_000;
  const loading = tab.load(source, { retry: { idle: 60_000, delay: 20 } });
  await tab.progressed(0.5 * repository.bytes);
  await expect.poll(() => server.budget).toBe(0);
  server.drop();
  expect((await loading).error).toMatchObject({ code: "network" });
  server.reset();
  await tab.reload();
  expect(await tab.load(source)).toMatchObject({ error: null, notice: null });
  expect(weightBytes(server)).toBeLessThan(0.7 * repository.bytes + 2 ** 19);
  const origin = { name: "tiny", source: `${server.address}/tiny` };
  expect(await storedHashes(tab)).toEqual(await commandLineHashes(repository.folder, info.outputPath("whole"), origin));
  await context.close();
});

test("a hub's repository is read at one commit", async ({ tab, server }) => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  server.order("config.json", { headers: { "X-Repo-Commit": commit } });
  const hub = { kind: "hub", id: "some/tiny", revision: "main", host: server.address } as const;
  const done = await tab.load(hub);
  expect(done.error).toBeNull();
  const [model] = await tab.models();
  expect(model).toMatchObject({ name: "tiny", licence: "apache-2.0", source: hub, complete: true });
  const { files } = JSON.parse(await manifestOf(tab));
  expect(files.length).toBeGreaterThan(2);
  expect(JSON.parse(await manifestOf(tab)).source).toBe(`some/tiny@${commit}`);
  const weights = server.log.filter(({ file }) => file.endsWith(".safetensors"));
  expect(weights.length).toBeGreaterThan(2);
  for (const { path } of weights) expect(path).toContain(`/resolve/${commit}/`);
});

test("a folder from disk is converted, kept, and needed no more", async ({ tab, repository }) => {
  const names = ["config.json", "tokenizer.json", "README.md", "model.safetensors.index.json"];
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  await tab.page.setInputFiles("#folder", [...names, ...shards].map((name) => path.join(repository.folder, name)));
  const done = await tab.page.evaluate(() => harness.load(harness.picked()));
  expect(done.error).toBeNull();
  const source = await tab.page.evaluate(() => harness.model?.source);
  expect(source?.kind).toBe("stored");
  await tab.reload();
  const again = await tab.page.evaluate((from) => harness.load(from ?? "nano"), source);
  expect(again).toMatchObject({ error: null, notice: null });
  expect(await tab.ask("Where is it?")).toEqual(expect.any(String));
});

test("golden: a quantized checkpoint keeps every bit on its way through the tab", async ({ tab }, info) => {
  const fixture = path.join(FIXTURES, "sa2va_tiny_q");
  const { folder } = await makeRepository(fixture, info.outputPath("quantized"));
  const files = ["config.json", "tokenizer.json", "model.safetensors.index.json"];
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  await tab.page.setInputFiles("#folder", [...files, ...shards].map((name) => path.join(folder, name)));
  expect((await tab.page.evaluate(() => harness.load(harness.picked()))).error).toBeNull();
  const { question, answer } = JSON.parse(await readFile(path.join(fixture, "expected.json"), "utf8"));
  const picture = await readFile(path.join(fixture, "input.png"), "base64");
  const found = await tab.page.evaluate(
    async ([base64, question]) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const picture = await harness.model?.setImage(new Blob([bytes]));
      const { marked = "", objects = [] } = (await picture?.ask(question)) ?? {};
      const masks = await Promise.all(objects.map(async ({ mask }) => [...(await mask.pixels())]));
      return { marked, masks };
    },
    [picture, question] as const,
  );
  // Between a mark and a full stop people read a blank, which no token stands for.
  expect(found.marked.replace(" .", ".")).toBe(answer.replace("<|im_end|>", ""));
  expect(found.masks.length).toBeGreaterThan(0);
  for (const [index, mask] of found.masks.entries()) {
    expect(iou(mask, await expectedMask(fixture, index))).toBeGreaterThanOrEqual(0.999);
  }
});

async function manifestOf(tab: Tab): Promise<string> {
  return tab.page.evaluate(async () => {
    const [model] = await harness.askmask.models();
    const files = await harness.askmask.modelFiles(model?.key ?? "");
    return (await files.get("manifest.json")?.text()) ?? "";
  });
}

/** PyTorch's mask of an object. */
async function expectedMask(fixture: string, index: number): Promise<Uint8Array> {
  const content = await readFile(path.join(fixture, "expected.safetensors"));
  const start = 8 + Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.toString("utf8", 8, start));
  const [first, last] = header[`seg${index}_mask`].data_offsets;
  return content.subarray(start + first, start + last);
}

function iou(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let [both, either] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    both += Number(a[at] && b[at]);
    either += Number(a[at] || b[at]);
  }
  return both / either;
}
