/** A repository on a misbehaving server, a tab, and what the command line makes of the same. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { test as base, expect } from "@playwright/test";
import { HARNESS, WEB } from "../base";
import { FaultyServer } from "../server/faulty";
import { makeRepository, type Repository, SHARDS } from "../server/repository";
import { Tab } from "../store/setup";

export const FIXTURES = path.join(import.meta.dirname, "../../fixtures");

interface Fixtures {
  repository: Repository;
  server: FaultyServer;
  tab: Tab;
  /** The repository by its address. */
  source: { kind: "manifest"; url: string };
}

export const test = base.extend<Fixtures>({
  baseURL: HARNESS,
  repository: async ({}, use, info) =>
    use(await makeRepository(path.join(FIXTURES, "sa2va_tiny"), info.outputPath("tiny"))),
  server: async ({ repository }, use) => {
    const server = new FaultyServer(repository.folder);
    await server.start();
    await use(server);
    await server.stop();
  },
  tab: async ({ context }, use) => use(await Tab.open(context)),
  source: async ({ server }, use) => use({ kind: "manifest", url: `${server.address}/tiny/manifest.json` }),
});

/** Body bytes that came of the weights. */
export function weightBytes(server: FaultyServer): number {
  const shards: readonly string[] = SHARDS;
  return server.log.filter(({ file }) => shards.includes(file)).reduce((sum, { sent }) => sum + sent, 0);
}

/** SHA-256 of every file of the one stored model. */
export async function storedHashes(tab: Tab): Promise<Record<string, string>> {
  return tab.page.evaluate(async () => {
    const [model] = await harness.askmask.models();
    const files = await harness.askmask.modelFiles(model?.key ?? "");
    const hashes: Record<string, string> = {};
    for (const [name, blob] of [...files].sort()) {
      const hash = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
      hashes[name] = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return hashes;
  });
}

/** The same of what `askmask quantize` writes; `cargo test` has built it. */
export async function commandLineHashes(
  repository: string,
  output: string,
  { name, source, more = [] }: { name: string; source: string; more?: string[] },
): Promise<Record<string, string>> {
  const program = path.join(WEB, "../target/debug/askmask");
  const origin = ["--name", name, "--source", source, "--licence", "apache-2.0"];
  await promisify(execFile)(program, ["quantize", repository, output, ...origin, ...more]);
  const hashes: Record<string, string> = {};
  for (const file of (await readdir(output)).sort()) {
    hashes[file] = createHash("sha256").update(await readFile(path.join(output, file))).digest("hex");
  }
  return hashes;
}

export { expect };
