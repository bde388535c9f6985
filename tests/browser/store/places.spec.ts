/** Where the bytes are: on disk, in memory, in a folder that was picked. */
import { cp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { chromium } from "@playwright/test";
import { makeModel } from "../server/model";
import { expect, Tab, test } from "./setup";

test("starts cold without the server, from what is stored", async ({ server, source, baseURL }, info) => {
  const { launchOptions } = info.project.use;
  const profile = info.outputPath("profile");
  const visit = async () => {
    const context = await chromium.launchPersistentContext(profile, { ...launchOptions, ...(baseURL && { baseURL }) });
    return { context, tab: await Tab.open(context) };
  };
  const first = await visit();
  expect(await first.tab.load(source)).toMatchObject({ error: null, notice: null });
  await first.context.close();
  await server.stop();
  server.reset();
  const second = await visit();
  expect(await second.tab.load(source)).toMatchObject({ error: null, notice: null });
  expect(await second.tab.ask("umbrella")).toContain("umbrella");
  await second.context.close();
  await rm(profile, { recursive: true });
  expect(server.log).toEqual([]);
});

test("without files to write to, the browser's cache keeps the model", async ({ server, source, model, baseURL }, info) => {
  const { launchOptions } = info.project.use;
  const args = [...(launchOptions?.args ?? []), "--disable-blink-features=FileSystemAccessOriginPrivate"];
  const profile = info.outputPath("profile");
  const options = { ...launchOptions, args, ...(baseURL && { baseURL }) };
  const context = await chromium.launchPersistentContext(profile, options);
  const tab = await Tab.open(context);
  const weights = "weights-00001.safetensors";
  server.order(weights, { kill: 1000, times: 1 });
  const retry = { idle: 60_000, delay: 20 };
  expect(await tab.load(source, { retry })).toMatchObject({ error: null, notice: null });
  expect(server.requests(weights).length).toBe(2);
  await server.stop();
  server.reset();
  await tab.reload();
  expect(await tab.load(source)).toMatchObject({ error: null, notice: null });
  expect(await tab.ask("umbrella")).toContain("umbrella");
  expect(server.log).toEqual([]);
  const [listed] = await tab.models();
  expect(listed).toMatchObject({ complete: true, bytes: model.bytes, storedBytes: model.bytes });
  await tab.reload();
  await tab.page.evaluate((key) => harness.delete(key), listed?.key ?? "");
  const left = () => tab.page.evaluate(async () => (await (await caches.open("askmask-models")).keys()).map(({ url }) => url));
  expect(await left()).toEqual([]);
  await context.close();
  await rm(profile, { recursive: true });
});

test("fault 28: refused by the quota, the model runs in memory and says so", async ({ tab, server, source, model, baseURL }) => {
  const devtools = await tab.page.context().newCDPSession(tab.page);
  const origin = new URL(baseURL ?? "").origin;
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 2 << 20 });
  const { error, notice } = await tab.load(source);
  expect(error).toBeNull();
  expect(notice).toContain("no room for this model");
  expect(await tab.ask("umbrella")).toContain("umbrella");
  for (const { name } of model.files) {
    expect(server.requests(name).length, name).toBeLessThanOrEqual(2);
  }
  // A fresh worker gets the bytes from the old one's, not from the server.
  server.reset();
  expect(await tab.ask("lost once")).toContain("umbrella");
  expect(server.log).toEqual([]);
});

test("fault 28: where storage is blocked, the model runs in memory and says so", async ({ source, baseURL, server }, info) => {
  const { launchOptions } = info.project.use;
  const profile = info.outputPath("profile");
  await cp(path.join(import.meta.dirname, "blocked"), profile, { recursive: true });
  const context = await chromium.launchPersistentContext(profile, { ...launchOptions, ...(baseURL && { baseURL }) });
  const tab = await Tab.open(context);
  const { error, notice } = await tab.load(source);
  expect(error).toBeNull();
  expect(notice).toContain("lets the page store nothing");
  expect(await tab.models()).toEqual([]);
  server.reset();
  await context.close();
});

/** Runs code in the workers before theirs; what is added to a page does not reach them. */
async function inWorkers(tab: Tab, code: string): Promise<void> {
  await tab.page.addInitScript((code) => {
    const address = (text: string) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    globalThis.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        const both = [address(code), new URL(url, location.href).href];
        super(address(both.map((module) => `import ${JSON.stringify(module)};`).join("")), options);
      }
    };
  }, code);
  await tab.reload();
}

const NO_FILES = `FileSystemFileHandle.prototype.createSyncAccessHandle = async () => {
  throw new DOMException("Not in a private window.", "InvalidStateError");
}`;
const NO_CACHE = `Cache.prototype.put = async () => {
  throw new DOMException("Not in a private window.", "QuotaExceededError");
}`;

test("a file system whose files cannot be opened is not trusted: the cache keeps the model", async ({ tab, source, server, model }) => {
  await inWorkers(tab, NO_FILES);
  expect(await tab.load(source)).toMatchObject({ error: null, notice: null });
  const [listed] = await tab.models();
  expect(listed).toMatchObject({ complete: true, storedBytes: model.bytes });
  await server.stop();
  await tab.reload();
  expect(await tab.load(source)).toMatchObject({ error: null, notice: null });
});

test("where neither files nor cache take a byte, the model is in memory and the note is true", async ({ tab, source }) => {
  await inWorkers(tab, `${NO_FILES};${NO_CACHE}`);
  const { error, notice } = await tab.load(source);
  expect(error).toBeNull();
  expect(notice).toContain("lets the page store nothing");
  expect(await tab.ask("umbrella")).toContain("umbrella");
});

test("a stored model is no download: nothing is asked of the person again", async ({ tab, source }) => {
  const first = await tab.load(source);
  expect(first.progress.some(({ stage }) => stage === "download")).toBe(true);
  await tab.reload();
  const second = await tab.load(source);
  expect(second).toMatchObject({ error: null, notice: null });
  expect(second.progress.filter(({ stage }) => stage === "download")).toEqual([]);
});

test.describe("a folder from disk", () => {
  test("is used where it lies, without a request or a copy", async ({ tab, server, model }) => {
    await tab.page.setInputFiles("#folder", await names(model.folder));
    const result = await tab.page.evaluate(() => harness.load(harness.picked()));
    expect(result).toMatchObject({ error: null, notice: null });
    expect(result.progress.filter(({ hold }) => hold === "checking").at(-1)).toMatchObject({
      done: model.bytes,
      total: model.bytes,
    });
    expect(await tab.ask("umbrella")).toContain("umbrella");
    expect(await tab.models()).toEqual([]);
    expect(server.log).toEqual([]);
  });

  const faults: [string, (folder: string) => Promise<void>, RegExp, RegExp][] = [
    ["a missing file", (folder) => rm(`${folder}/weights-00003.safetensors`), /weights-00003\.safetensors is missing/, /./],
    ["a damaged file", (folder) => writeFile(`${folder}/tokenizer.json`, "[]"), /tokenizer\.json is damaged/, /./],
    ["a short file", (folder) => writeFile(`${folder}/tokenizer.json`, "{"), /1 bytes instead of 2/, /./],
    [
      "a Git LFS pointer",
      (folder) => writeFile(`${folder}/weights-00001.safetensors`, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
      /weights-00001\.safetensors is a Git LFS pointer/,
      /git lfs pull/,
    ],
    ["no manifest", (folder) => rm(`${folder}/manifest.json`), /neither manifest\.json nor model\.safetensors/, /askmask quantize/],
    [
      "fault 10: a pickle file",
      async (folder) => {
        await rm(`${folder}/manifest.json`);
        await writeFile(`${folder}/pytorch_model.bin`, "\x80\x02.");
      },
      /pytorch_model\.bin is a pickle file/,
      /askmask quantize/,
    ],
  ];
  for (const [what, spoil, message, hint] of faults) {
    test(`${what} is named`, async ({ tab }, info) => {
      const { folder } = await makeModel(info.outputPath("folder"));
      await spoil(folder);
      await tab.page.setInputFiles("#folder", await names(folder));
      const { error } = await tab.page.evaluate(() => harness.load(harness.picked()));
      expect(error).toMatchObject({ message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
    });
  }
});

async function names(folder: string): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  return (await readdir(folder)).map((name) => path.join(folder, name));
}
