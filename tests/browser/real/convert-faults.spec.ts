/** Sources that break, change or lie while they are converted. Never a half-written model that opens. */
import { readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { INDEX, makeRepository, SHARDS } from "../server/repository";
import { commandLineHashes, expect, FIXTURES, storedHashes, test } from "./repositories";

const [FIRST, SECOND] = SHARDS;
const RETRY = { idle: 1_000, delay: 20 };

/** The same checkpoint with all signs turned. */
function negated(folder: string) {
  return makeRepository(path.join(FIXTURES, "sa2va_tiny"), folder, ({ tensor, bytes }) => {
    expect(tensor.dtype).toBe("BF16");
    for (let at = 1; at < bytes.length; at += 2) bytes[at] = (bytes[at] ?? 0) ^ 0x80;
  });
}

test("fault 24: broken, silent and cut connections cost no more than their blocks", async ({ tab, server, source, repository }, info) => {
  server.order(FIRST, { kill: 400_000, times: 2 });
  server.order(SECOND, { stall: 500_000, times: 2 });
  const done = await tab.load(source, { retry: RETRY });
  expect(done.error).toBeNull();
  const held = done.progress.filter(({ hold }) => hold === "retrying");
  expect(held.length).toBeGreaterThan(0);
  // Once it is known how much there is, that is told too.
  expect(held.some(({ total = 0 }) => total > 0.9 * repository.bytes)).toBe(true);
  const origin = { name: "tiny", source: `${server.address}/tiny` };
  expect(await storedHashes(tab)).toEqual(await commandLineHashes(repository.folder, info.outputPath("whole"), origin));
});

test("fault 25: a server without ranges is read from the start", async ({ tab, server, source, repository }, info) => {
  server.order(FIRST, { ignoreRange: true });
  server.order(SECOND, { ignoreRange: true });
  expect((await tab.load(source, { retry: RETRY })).error).toBeNull();
  const origin = { name: "tiny", source: `${server.address}/tiny` };
  expect(await storedHashes(tab)).toEqual(await commandLineHashes(repository.folder, info.outputPath("whole"), origin));
});

test("fault 25: a file that is replaced meanwhile is never joined with what was read", async ({ tab, server, source, repository }, info) => {
  server.pause = 15;
  const loading = tab.load(source, { retry: RETRY });
  await tab.progressed(0.3 * repository.bytes);
  await negated(repository.folder);
  await utimes(path.join(repository.folder, FIRST), 0, 1e9);
  server.drop();
  server.pause = 0;
  const done = await loading;
  expect(done.error).toBeNull();
  expect(done.progress.some(({ note }) => note?.includes("begins anew"))).toBe(true);
  const origin = { name: "tiny", source: `${server.address}/tiny` };
  expect(await storedHashes(tab)).toEqual(await commandLineHashes(repository.folder, info.outputPath("whole"), origin));
});

test("fault 25: another version is not gone on with after a reload", async ({ tab, server, source, repository }, info) => {
  server.budget = 0.5 * repository.bytes;
  const loading = tab.load(source, { retry: RETRY });
  await expect.poll(() => server.budget, { timeout: 60_000 }).toBeLessThan(1);
  server.drop();
  expect((await loading).error).toMatchObject({ code: "network" });
  await negated(repository.folder);
  server.reset();
  await tab.reload();
  expect((await tab.load(source)).error).toBeNull();
  const origin = { name: "tiny", source: `${server.address}/tiny` };
  expect(await storedHashes(tab)).toEqual(await commandLineHashes(repository.folder, info.outputPath("whole"), origin));
});

test("fault 7: a truncated shard is named before anything is converted", async ({ tab, source, repository }) => {
  await truncate(path.join(repository.folder, SECOND), 300_000);
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "integrity", message: expect.stringContaining(SECOND) });
  expect(error?.message).toContain("truncated");
  expect(await tab.models()).toEqual([]);
});

test("fault 7: a header of 2^63 bytes is refused", async ({ tab, source, repository }) => {
  const shard = path.join(repository.folder, FIRST);
  const bytes = await readFile(shard);
  bytes.writeBigUInt64LE(2n ** 63n);
  await writeFile(shard, bytes);
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "integrity", message: expect.stringContaining("header claims") });
});

test("fault 9: a shard that the index names and nobody has is named", async ({ tab, source, repository }) => {
  await rm(path.join(repository.folder, SECOND));
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "integrity", message: expect.stringContaining(SECOND) });
});

test("fault 9: a tensor that the index promises and no shard holds is named", async ({ tab, source, repository }) => {
  const index = path.join(repository.folder, INDEX);
  const map = JSON.parse(await readFile(index, "utf8"));
  map.weight_map["made.up.weight"] = FIRST;
  await writeFile(index, JSON.stringify(map));
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "weights-mismatch", message: expect.stringContaining("made.up.weight") });
});

test("fault 12: a tensor too few is named", async ({ tab, source, repository }) => {
  const config = path.join(repository.folder, "config.json");
  const settings = JSON.parse(await readFile(config, "utf8"));
  settings.vision_config.num_hidden_layers += 1;
  await writeFile(config, JSON.stringify(settings));
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "weights-mismatch", message: expect.stringContaining("missing") });
});

test("fault 8: a number that is none is told with its tensor, and nothing opens", async ({ tab, source, repository }) => {
  const spoilt: string[] = [];
  await makeRepository(path.join(FIXTURES, "sa2va_tiny"), repository.folder, ({ name, tensor, bytes }) => {
    if (!name.endsWith("layers.1.mlp.up_proj.weight")) return;
    spoilt.push(name);
    bytes.fill(0xff, 0, tensor.dtype === "F32" ? 4 : 2);
  });
  expect(spoilt).toHaveLength(1);
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "integrity", message: expect.stringContaining(spoilt[0] ?? "") });
  expect((await tab.models()).filter(({ complete }) => complete)).toEqual([]);
});

test("fault 10: pickled weights are not opened", async ({ tab, source, repository }) => {
  for (const file of [INDEX, ...SHARDS]) await rm(path.join(repository.folder, file));
  await writeFile(path.join(repository.folder, "pytorch_model.bin"), "\x80\x02.");
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "unsupported-model", message: expect.stringContaining("neither manifest.json nor model.safetensors") });
  await tab.page.setInputFiles("#folder", [
    path.join(repository.folder, "config.json"),
    path.join(repository.folder, "pytorch_model.bin"),
  ]);
  const picked = await tab.page.evaluate(() => harness.load(harness.picked()));
  expect(picked.error).toMatchObject({ message: expect.stringContaining("pytorch_model.bin is a pickle file") });
});

test("fault 27: a hub's own reason is told", async ({ tab, server }) => {
  const reason = "Access to model some/tiny is restricted. You must be authenticated to access it.";
  const headers = { "X-Error-Code": "GatedRepo", "X-Error-Message": reason };
  for (const file of ["manifest.json", "config.json"]) server.order(file, { status: 401, headers });
  const hub = { kind: "hub", id: "some/tiny", revision: "main", host: server.address } as const;
  const { error } = await tab.load(hub);
  expect(error).toMatchObject({ code: "network", message: expect.stringContaining(reason) });
});

test("fault 27: a host without the files says 404", async ({ tab, server, source }) => {
  server.order("config.json", { status: 404 });
  const { error } = await tab.load(source);
  expect(error).toMatchObject({ code: "network", message: expect.stringContaining("404") });
});

test("fault 27: redirects that lead in a circle end", async ({ tab, server, source }) => {
  server.order(FIRST, { redirect: `${server.address}/tiny/${FIRST}` });
  const { error } = await tab.load(source, { retry: RETRY });
  expect(error).toMatchObject({ code: "network", message: expect.stringContaining(FIRST) });
});

test("fault 27: a storage host that lets no other site read is named as the cause", async ({ tab, server, source }) => {
  server.order(FIRST, { private: true });
  const { error } = await tab.load(source, { retry: RETRY });
  expect(error).toMatchObject({ code: "network", message: expect.stringContaining("CORS") });
});

test("fault 28: refused by the quota after 60 %, the rest is in memory, and the model answers", async ({ tab, source }) => {
  const devtools = await tab.page.context().newCDPSession(tab.page);
  const { origin } = new URL(tab.page.url());
  const { bytes } = await tab.page.evaluate((from) => harness.askmask.preflight(from), source);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: Math.floor(0.6 * bytes) });
  const { error, notice } = await tab.load(source);
  expect(error).toBeNull();
  expect(notice).toContain("no room for this model");
  expect(await tab.ask("Where is it?")).toEqual(expect.any(String));
  expect((await tab.models()).filter(({ complete }) => complete)).toEqual([]);
  // The browser is another test's next.
  await devtools.send("Storage.overrideQuotaForOrigin", { origin });
});
