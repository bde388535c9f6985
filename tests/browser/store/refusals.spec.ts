/** Every response that is not the file gets its own explanation. */
import type { Order } from "../server/faulty";
import { expect, sent, test } from "./setup";

const SHARD = "weights-00002.safetensors";

const REFUSALS: [string, Order, RegExp, RegExp, number][] = [
  ["401", { status: 401 }, /401.*access is refused/, /license/, 1],
  ["403", { status: 403 }, /403.*access is refused/, /license/, 1],
  ["404", { status: 404 }, /404.*no such file/, /address/, 1],
  ["429", { status: 429, headers: { "Retry-After": "3600" } }, /too many requests.*3600 s/, /later/, 1],
  ["500", { status: 500 }, /500.*the server failed/, /goes on from there/, 6],
  ["503", { status: 503 }, /busy/, /later/, 6],
  ["a web page", { html: true }, /A web page came instead of weights-00002/, /sign in/, 1],
  ["no CORS", { private: true }, /does not let other sites read/, /open it from disk/, 2],
];

for (const [what, order, message, hint, tries] of REFUSALS) {
  test(`fault 27: ${what} is explained`, async ({ tab, server, source }) => {
    server.order(SHARD, order);
    const { error } = await tab.load(source);
    expect(error).toMatchObject({
      code: "network",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(server.requests(SHARD)).toHaveLength(tries);
  });
}

test("fault 27: without a manifest, and without a checkpoint to convert, it is told how to make one", async ({ tab, server }) => {
  const { error } = await tab.load({ kind: "hub", id: "some/model", revision: "main", host: server.address });
  expect(error).toBeNull();
  server.order("manifest.json", { status: 404 });
  const other = await tab.load({ kind: "hub", id: "some/other", revision: "main", host: server.address });
  expect(other.error).toMatchObject({ code: "unsupported-model", hint: expect.stringContaining("askmask quantize") });
});

test("fault 27: a busy server is asked again when it said", async ({ tab, server, source, model }) => {
  server.order(SHARD, { status: 429, headers: { "Retry-After": "1" }, times: 1 });
  expect((await tab.load(source)).error).toBeNull();
  expect(server.requests(SHARD).map(({ status }) => status)).toEqual([429, 200]);
  expect(sent(server)).toBe(model.bytes);
});

test("fault 27: a stored model works whatever the server says, and asks it nothing", async ({
  tab,
  server,
  source,
}) => {
  expect((await tab.load(source)).error).toBeNull();
  server.reset();
  server.order("manifest.json", { status: 500 });
  await tab.reload();
  expect((await tab.load(source)).error).toBeNull();
  expect(await tab.ask("umbrella")).toContain("umbrella");
  expect(server.log).toEqual([]);
});

test("fault 24: without a network at first: told, and nothing is broken", async ({ tab, server, source }) => {
  await server.stop();
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "network", message: expect.stringContaining("cannot be reached") });
  await server.start();
  expect((await tab.load(source)).error).toBeNull();
});
