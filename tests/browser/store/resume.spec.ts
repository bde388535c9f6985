/** What has arrived is never fetched again. */
import { expect, loadBroken, notes, sent, Tab, test } from "./setup";

const SHARD = "weights-00002.safetensors";
const HALF = 786_432;

test("killed at 60 %, reloaded: only the remaining bytes are asked for", async ({ tab, server, source, model }) => {
  server.budget = Math.floor(0.6 * model.bytes);
  const loading = tab.load(source, { retry: { idle: 60_000, delay: 20 } });
  await tab.progressed(0.55 * model.bytes);
  server.drop();
  expect((await loading).error).toMatchObject({ code: "network" });
  const stored = await tab.storedBytes();
  expect(stored).toBeGreaterThanOrEqual(0.55 * model.bytes);
  expect(stored).toBeLessThanOrEqual(0.6 * model.bytes);
  const whole = model.files.filter(({ name, bytes }) =>
    server.log.some((entry) => entry.file === name && entry.sent === bytes),
  );
  expect(whole.length).toBeGreaterThanOrEqual(2);

  server.reset();
  await tab.reload();
  const done = await tab.load(source);
  expect(done.error).toBeNull();
  expect(sent(server)).toBe(model.bytes - stored);
  for (const { name } of whole) expect(server.requests(name)).toEqual([]);
  const parts = server.log.filter(({ range }) => range !== undefined);
  expect(parts.length).toBeGreaterThan(0);
  for (const { method, status, ifRange } of parts.filter((entry) => entry.method === "GET")) {
    expect({ method, status, ifRange }).toEqual({ method: "GET", status: 206, ifRange: expect.stringMatching(/^"/) });
  }
  expect(await tab.ask("umbrella")).toContain("umbrella");
});

test("a tab that is closed in mid-download loses nothing", async ({ tab, server, source, model, context }) => {
  server.pause = 20;
  tab.load(source).catch(() => undefined);
  await tab.progressed(0.4 * model.bytes);
  await tab.page.close();
  server.pause = 0;
  const next = await Tab.open(context);
  const stored = await next.storedBytes();
  expect(stored).toBeGreaterThan(0.3 * model.bytes);
  server.reset();
  expect((await next.load(source)).error).toBeNull();
  expect(sent(server)).toBe(model.bytes - stored);
});

test("cancelled at once, resumed where it stopped", async ({ tab, server, source, model }) => {
  server.pause = 20;
  const loading = tab.load(source);
  await tab.progressed(0.3 * model.bytes);
  await tab.page.evaluate(() => harness.cancel());
  expect((await loading).error).toMatchObject({ name: "AbortError" });
  await expect.poll(() => tab.storedBytes()).toBeGreaterThan(0.25 * model.bytes);
  const stored = await tab.storedBytes();
  server.reset();
  expect((await tab.load(source)).error).toBeNull();
  expect(sent(server)).toBe(model.bytes - stored);
});

test("fault 24: a broken connection goes on from its last byte, by itself", async ({ tab, server, source, model }) => {
  const { error } = await loadBroken({ tab, server, source, model }, SHARD, HALF);
  expect(error).toBeNull();
  expect(server.requests(SHARD).map(({ status, sent }) => [status, sent])).toEqual([
    [200, HALF],
    [206, HALF],
  ]);
  expect(sent(server)).toBe(model.bytes);
});

test("fault 24: a stalled connection is given up and resumed", async ({ tab, server, source, model }) => {
  server.order(SHARD, { stall: HALF, times: 1 });
  const result = await tab.load(source, { retry: { idle: 300, delay: 20 } });
  expect(result.error).toBeNull();
  expect(notes(result, "retrying")).toEqual([expect.stringContaining(`Nothing of ${SHARD} came`)]);
  expect(server.requests(SHARD).map(({ range }) => range)).toEqual([undefined, `bytes=${HALF}-`]);
  expect(sent(server)).toBe(model.bytes);
});

test("fault 24: a connection that breaks at the same place gives up after some tries", async ({
  tab,
  server,
  source,
  model,
}) => {
  const then = () => server.order(SHARD, { kill: HALF });
  const { error } = await loadBroken({ tab, server, source, model }, SHARD, HALF, then);
  expect(error).toMatchObject({ code: "network", message: expect.stringContaining(SHARD) });
  const ranges = server.requests(SHARD).map(({ range }) => range);
  expect(new Set(ranges.slice(1))).toEqual(new Set([`bytes=${HALF}-`]));
  expect(ranges.length).toBeGreaterThan(5);
  expect(await tab.storedBytes()).toBe(model.bytes - HALF);
});

test("fault 25: the whole file in answer to a range replaces what was there", async ({ tab, server, source, model }) => {
  const then = () => server.order(SHARD, { ignoreRange: true });
  const { error } = await loadBroken({ tab, server, source, model }, SHARD, HALF, then);
  expect(error).toBeNull();
  expect(server.requests(SHARD).map(({ status, range, sent }) => [status, range, sent])).toEqual([
    [200, undefined, HALF],
    [200, `bytes=${HALF}-`, 2 * HALF],
  ]);
});

test("fault 25: a changed entity tag starts the file anew", async ({ tab, server, source, model }) => {
  const then = () => server.order(SHARD, { tag: '"new"' });
  const { error } = await loadBroken({ tab, server, source, model }, SHARD, HALF, then);
  expect(error).toBeNull();
  const [first, second, ...more] = server.requests(SHARD);
  expect(first).toMatchObject({ status: 200, ifRange: undefined, sent: HALF });
  expect(second).toMatchObject({ status: 200, sent: 2 * HALF, ifRange: expect.stringMatching(/^"\d+-[\d.]+"$/) });
  expect(more).toEqual([]);
});

test("fault 25: 416 starts the file anew", async ({ tab, server, source, model }) => {
  const then = () => server.order(SHARD, { status: 416, times: 1 });
  const { error } = await loadBroken({ tab, server, source, model }, SHARD, HALF, then);
  expect(error).toBeNull();
  expect(server.requests(SHARD).map(({ status, range }) => [status, range])).toEqual([
    [200, undefined],
    [416, `bytes=${HALF}-`],
    [200, undefined],
  ]);
});

test("a server that forbids If-Range to other sites still resumes", async ({ tab, server, source, model }) => {
  const then = () => server.order(SHARD, { refusePreflight: true });
  const { error } = await loadBroken({ tab, server, source, model }, SHARD, HALF, then);
  expect(error).toBeNull();
  expect(server.requests(SHARD).map(({ status, ifRange }) => [status, ifRange])).toEqual([
    [200, undefined],
    [206, undefined],
  ]);
  expect(sent(server)).toBe(model.bytes);
});
