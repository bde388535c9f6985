/** The known result, failures of the GPU, and what is told before a download. */
import { FaultyServer } from "../server/faulty";
import { makeModel } from "../server/model";
import { expect, test } from "./setup";

const gpu = { device: "gpu" } as const;

test("the known result is computed once for a model and an adapter", async ({ tab, source }) => {
  const checks = () => tab.page.evaluate(() => harness.news.filter(({ event }) => event === "self-check").length);
  await tab.load(source, gpu);
  await expect.poll(checks).toBe(1);
  await tab.load(source, gpu);
  expect(await tab.ask("umbrella")).toContain("umbrella");
  expect(await checks()).toBe(1);
  await tab.reload();
  await tab.load(source, { device: "cpu" });
  await tab.load(source, gpu);
  expect(await tab.ask("umbrella")).toContain("umbrella");
  expect(await checks()).toBe(0);
});

test("fault 8: a wrong known result refuses the model, after one fresh start", async ({ tab }, info) => {
  const { folder } = await makeModel(info.outputPath("wrong"), "wrong");
  const other = new FaultyServer(folder);
  await other.start();
  const { error } = await tab.load({ kind: "manifest", url: `${other.address}/manifest.json` }, gpu);
  expect(error).toMatchObject({ code: "gpu-result-invalid", hint: expect.stringContaining("fresh start did not help") });
  expect(await tab.page.evaluate(() => harness.news.filter(({ event }) => event === "self-check").length)).toBe(2);
  await other.stop();
});

test("fault 17: a lost device is replaced once, from the store, with the question kept", async ({ tab, server, source }) => {
  await tab.load(source, gpu);
  server.reset();
  expect(await tab.ask("lost once")).toContain("umbrella");
  expect(await tab.page.evaluate(() => harness.recoveries)).toEqual(["device-lost"]);
  expect(server.log).toEqual([]);
});

test("fault 17: a device that is lost again ends in an explanation", async ({ tab, source }) => {
  await tab.load(source, gpu);
  expect(await tab.ask("lost always")).toMatchObject({
    code: "device-lost",
    hint: expect.stringContaining("fresh start did not help"),
  });
  expect(await tab.page.evaluate(() => harness.recoveries)).toEqual(["device-lost"]);
  expect(await tab.ask("umbrella")).toContain("umbrella");
});

test("fault 16: out of memory leads to low memory mode, and that is told", async ({ tab, source }) => {
  await tab.load(source, gpu);
  expect(await tab.ask("memory once")).toContain("umbrella");
  const loads = await tab.page.evaluate(() => harness.news.filter(({ event }) => event === "load"));
  expect(loads.map(({ lowMemory = false }) => lowMemory)).toEqual([false, true]);
  expect(await tab.page.evaluate(() => harness.model?.notice)).toContain("Memory ran out");
});

test("says what a model needs before it is downloaded, by its manifest and configuration", async ({ tab, server, source, model }) => {
  const report = await tab.page.evaluate((from) => harness.askmask.preflight(from), source);
  expect(report).toMatchObject({
    name: "Noise",
    licence: "Apache-2.0",
    host: new URL(server.address).host,
    bytes: model.bytes,
    cachedBytes: 0,
    device: "cpu",
    preflight: { fit: "fits", download: model.bytes },
  });
  expect(report.adapter?.limits.maxBufferSize).toBeGreaterThan(0);
  expect(report.storage?.quota).toBeGreaterThan(model.bytes);
  expect(server.log.map(({ file }) => file)).toEqual(["manifest.json", "config.json"]);
  await tab.load(source);
  const after = await tab.page.evaluate((from) => harness.askmask.preflight(from), source);
  expect(after).toMatchObject({ cachedBytes: model.bytes, preflight: { download: 0 } });
});

test("counts memory", async ({ tab, source, model }) => {
  await tab.load(source, gpu);
  const memory = await tab.page.evaluate(() => harness.model?.memoryUsage());
  expect(memory).toMatchObject({ gpu: model.bytes, reloads: 0 });
});
