/** A look at a model: its configuration comes from the store where it is whole, else by way of memory. */
import { FaultyServer } from "../server/faulty";
import { makeModel } from "../server/model";
import { expect, notes, sent, Tab, test } from "./setup";

type Source = Parameters<Tab["load"]>[0];

const LIMIT = 1 << 20;

/** What is told, or the error's code. */
function look(tab: Tab, source: Source) {
  return tab.page.evaluate(
    (from) => harness.askmask.preflight(from).then(({ cachedBytes }) => cachedBytes, ({ code }) => String(code)),
    source,
  );
}

/** Names of the files on disk; with `remove`, that one goes, as when another tab deletes it. */
function onDisk(tab: Tab, remove?: string): Promise<string[]> {
  return tab.page.evaluate(async (gone) => {
    const root = await navigator.storage.getDirectory();
    const files = await (await root.getDirectoryHandle("askmask")).getDirectoryHandle("files");
    if (gone !== undefined) await files.removeEntry(gone);
    const names: string[] = [];
    for await (const name of files.keys()) names.push(name);
    return names;
  }, remove);
}

test("stores nothing, and the download that follows fetches all", async ({ tab, server, source, model }) => {
  expect(await look(tab, source)).toBe(0);
  expect(await onDisk(tab)).toEqual([]);
  expect(await look(tab, source)).toBe(0);
  server.reset();
  expect((await tab.load(source)).error).toBeNull();
  expect(sent(server)).toBe(model.bytes);
});

test("asks no server about what is stored, and fetches what was deleted under it", async ({ tab, server, source, model }) => {
  await tab.load(source);
  server.reset();
  expect(await look(tab, source)).toBe(model.bytes);
  expect(server.log).toEqual([]);
  const config = model.files.find(({ name }) => name === "config.json");
  await onDisk(tab, config?.sha256);
  expect(await look(tab, source)).toBe(model.bytes - (config?.bytes ?? 0));
  expect(server.log.map(({ file }) => file)).toEqual(["manifest.json", "config.json"]);
  expect(await onDisk(tab)).not.toContain(config?.sha256);
});

test("is not disturbed by another tab that loads and deletes", async ({ tab, server, source, context }) => {
  const other = await Tab.open(context);
  server.order("config.json", { stall: 3, times: 1 });
  const looking = look(tab, source);
  await expect.poll(() => server.requests("config.json").length).toBe(1);
  const loaded = await other.load(source);
  expect(loaded.error).toBeNull();
  expect(notes(loaded, "waiting")).toEqual([]);
  await other.page.evaluate(() => harness.dispose());
  const [{ key } = { key: "" }] = await other.models();
  expect(await other.page.evaluate((it) => harness.delete(it), key)).toBeNull();
  server.drop();
  expect(await looking).toBe(0);
});

for (const [bytes, outcome] of [
  [LIMIT, 0],
  [LIMIT + 1, "unsupported-model"],
] as const) {
  test(`a configuration of ${bytes} bytes, on a server and on disk: ${outcome}`, async ({ tab }, info) => {
    const { folder, files } = await makeModel(info.outputPath("model"), "Noise", bytes);
    const server = new FaultyServer(folder);
    await server.start();
    expect(await look(tab, { kind: "manifest", url: `${server.address}/manifest.json` })).toBe(outcome);
    expect(server.requests("config.json")).toHaveLength(outcome === 0 ? 1 : 0);
    await server.stop();
    const names = ["manifest.json", ...files.map(({ name }) => name)];
    await tab.page.setInputFiles("#folder", names.map((name) => `${folder}/${name}`));
    const code = () => harness.askmask.preflight(harness.picked()).then(() => 0, (fault) => fault.code);
    expect(await tab.page.evaluate(code)).toBe(outcome);
  });
}
