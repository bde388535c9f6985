/** Several tabs, deletion, and what is listed. */
import { expect, notes, sent, Tab, test } from "./setup";

test("fault 22: of two tabs one downloads, the other waits and is told", async ({ tab, server, source, model, context }) => {
  server.pause = 15;
  const other = await Tab.open(context);
  const first = tab.load(source);
  await tab.progressed(0.1 * model.bytes);
  const [one, two] = await Promise.all([first, other.load(source)]);
  expect([one.error, two.error]).toEqual([null, null]);
  expect(sent(server)).toBe(model.bytes);
  for (const { name } of model.files) expect(server.requests(name), name).toHaveLength(1);
  expect(notes(two, "waiting").join()).toContain("Another tab is fetching");
  expect(notes(one, "waiting")).toEqual([]);
  expect(await tab.ask("umbrella")).toContain("umbrella");
  expect(await other.ask("umbrella")).toContain("umbrella");
});

test("fault 22: when the downloading tab is closed, the waiting one goes on", async ({ tab, server, source, model, context }) => {
  server.pause = 15;
  const other = await Tab.open(context);
  tab.load(source).catch(() => undefined);
  await tab.progressed(0.2 * model.bytes);
  const loading = other.load(source);
  await other.page.waitForFunction(() => harness.progress.some(({ hold }) => hold === "waiting"));
  await tab.page.close();
  expect((await loading).error).toBeNull();
  // What the closed tab's connections still carried is lost, no more.
  expect(sent(server)).toBeLessThan(1.3 * model.bytes);
  const once = model.files.filter(({ name }) => server.requests(name).length === 1);
  expect(once.length).toBeGreaterThan(2);
});

test("lists what is stored, whole or in part, and deletes it", async ({ tab, server, source, model }) => {
  expect(await tab.models()).toEqual([]);
  server.order("weights-00004.safetensors", { status: 404 });
  await tab.load(source);
  const [part] = await tab.models();
  expect(part).toMatchObject({ name: "Noise", licence: "Apache-2.0", source, bytes: model.bytes, complete: false });
  expect(part?.storedBytes).toBeLessThan(model.bytes);
  server.reset();
  await tab.load(source);
  const [whole] = await tab.models();
  expect(whole).toMatchObject({ storedBytes: model.bytes, complete: true });
  const key = whole?.key ?? "";
  expect(await tab.page.evaluate((it) => harness.delete(it), key)).toMatchObject({ code: "in-use" });
  await tab.page.evaluate(() => harness.dispose());
  expect(await tab.page.evaluate((it) => harness.delete(it), key)).toBeNull();
  expect(await tab.models()).toEqual([]);
  const usage = await tab.page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  expect(usage).toBeLessThan(100_000);
});

test("two sources with the same files store them once", async ({ tab, server, source, model }) => {
  await tab.load(source);
  server.reset();
  const hub = { kind: "hub", id: "some/model", revision: "main", host: server.address } as const;
  await tab.load(hub);
  expect(sent(server)).toBe(0);
  await tab.page.evaluate(() => harness.dispose());
  const models = await tab.models();
  expect(models.map(({ source }) => source.kind).sort()).toEqual(["hub", "manifest"]);
  const key = models.find((stored) => stored.source.kind === "hub")?.key ?? "";
  expect(await tab.page.evaluate((it) => harness.delete(it), key)).toBeNull();
  const [left] = await tab.models();
  expect(left).toMatchObject({ storedBytes: model.bytes, complete: true });
});
