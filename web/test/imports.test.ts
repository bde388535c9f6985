import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Imports against the direction that biome.json holds, and a circle of types. */
const FORBIDDEN = [
  ["page/outcome.ts", "../lib/session"],
  ["page/models/fit.ts", "../../lib/worker/host"],
  ["page/words.ts", "askmask-wasm"],
  ["harness/harness.ts", "../../../web/lib/session"],
  ["lib/worker/host.ts", "../rpc"],
  ["lib/worker/store/store.ts", "../../session"],
  ["lib/protocol.ts", "./rpc"],
  ["lib/models.ts", "./session"],
  ["lib/rpc.ts", "./session"],
  ["lib/session.ts", "./element"],
  ["lib/mask.ts", "./worker/host"],
  ["lib/element.ts", "./rpc"],
  ["circle/a.ts", "./b"],
  ["circle/b.ts", "./a"],
] as const;

const ALLOWED = [
  ["page/app.ts", "../lib"],
  ["page/models/card.ts", "../../lib"],
  ["lib/worker/engine.ts", "../protocol"],
  ["lib/define.ts", "./element"],
] as const;

let folder: string;
/** What Biome says of each file. */
const told = new Map<string, string>();

beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "imports-")));
  const web = path.join(import.meta.dirname, "..");
  cpSync(path.join(web, "biome.json"), path.join(folder, "biome.json"));
  for (const [file, from] of [...FORBIDDEN, ...ALLOWED]) {
    const place = path.join(folder, file);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, `import type { X } from "${from}";\nexport type Y = X;\n`);
  }
  const biome = path.join(web, "node_modules/.bin/biome");
  const { stdout } = spawnSync(biome, ["lint", "--reporter=github"], {
    cwd: folder,
    encoding: "utf8",
  });
  for (const line of stdout.split("\n")) {
    const file = /file=([^,]+)/.exec(line)?.[1];
    if (file !== undefined) told.set(path.relative(folder, file), line);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("the direction of imports", () => {
  it.each(FORBIDDEN)("forbids %s to import %s", (file) => {
    expect(told.get(file)).toMatch(/noRestrictedImports|noImportCycles/);
  });

  it.each(ALLOWED)("lets %s import %s", (file) => {
    expect(told.get(file)).toBeUndefined();
  });
});
