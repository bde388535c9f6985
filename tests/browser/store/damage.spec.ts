/** Wrong bytes are found, named, and fetched again alone. */
import { expect, notes, sent, test } from "./setup";

const SHARD = "weights-00002.safetensors";

for (const [what, order] of Object.entries({
  "one flipped byte": { flip: 700_001 },
  "a file of zeros": { zeros: true },
})) {
  test(`fault 26: ${what}: that file again, and no other`, async ({
    tab,
    server,
    source,
    model,
  }) => {
    server.order(SHARD, { ...order, times: 1 });
    const result = await tab.load(source);
    expect(result.error).toBeNull();
    expect(notes(result, "retrying")).toEqual([
      `${SHARD} arrived damaged; only this file is fetched again.`,
    ]);
    for (const { name, bytes } of model.files) {
      const times = name === SHARD ? 2 : 1;
      expect(
        server.requests(name).map(({ sent }) => sent),
        name,
      ).toEqual(Array(times).fill(bytes));
    }
  });
}

test("fault 26: a file that stays damaged is named, and the rest is kept", async ({
  tab,
  server,
  source,
  model,
}) => {
  server.order(SHARD, { flip: 5 });
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "integrity", message: `${SHARD} arrived damaged twice.` });
  expect(server.requests(SHARD)).toHaveLength(2);
  const stored = await tab.storedBytes();
  server.reset();
  expect((await tab.load(source)).error).toBeNull();
  expect(sent(server)).toBe(model.bytes - stored);
});

test("a flipped byte before a kill is found after the reload", async ({
  tab,
  server,
  source,
  model,
}) => {
  server.order(SHARD, { flip: 10, stall: 786_432, times: 1 });
  tab.load(source, { retry: { idle: 60_000, delay: 20 } }).catch(() => undefined);
  await tab.progressed(model.bytes - 786_432);
  await tab.reload();
  const result = await tab.load(source);
  expect(result.error).toBeNull();
  expect(notes(result, "retrying")).toEqual([
    `${SHARD} arrived damaged; only this file is fetched again.`,
  ]);
  // The rest first; only its hash tells that the part before was wrong, so all of it again.
  const statuses = server.requests(SHARD).map(({ status }) => status);
  expect(statuses.slice(0, 3)).toEqual([200, 206, 200]);
  expect(server.requests(SHARD).at(-1)).toMatchObject({
    status: 200,
    sent: model.files.find(({ name }) => name === SHARD)?.bytes,
  });
});

test("a manifest that is none is refused", async ({ tab, server, model }) => {
  const result = await tab.load({ kind: "manifest", url: `${server.address}/config.json` });
  expect(result.error).toMatchObject({ code: "unsupported-model" });
  expect(model.files.flatMap(({ name }) => server.requests(name))).toHaveLength(1);
});
