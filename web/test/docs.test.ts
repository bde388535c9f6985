/** The documents' TypeScript compiles against the library's public index, and their HTML is known to it. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const WEB = path.join(import.meta.dirname, "..");
const ROOT = path.join(WEB, "..");
/** Where packages resolve as they do for the library, and neither Git nor Biome looks. */
const FOLDER = path.join(WEB, "node_modules/.askmask-docs");

/** What the blocks take for granted. */
const INPUTS = `
declare const file: File;
declare const signal: AbortSignal;
declare const onProgress: NonNullable<import("askmask").Options["onProgress"]>;
declare const onToken: NonNullable<import("askmask").AskOptions["onToken"]>;
declare function show(blob: Blob): void;
`;

interface Block {
  /** Document and line of its first fence. */
  name: string;
  text: string;
}

/** The same folders as in crate/cli/tests/docs, which fails on blocks of other languages. */
function documents(): string[] {
  const folders = ["", "docs", "tests", "models", "models/nano", "models/recipe"];
  return folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => path.join(folder, name)),
  );
}

function blocks(language: string): Block[] {
  return documents().flatMap((document) => {
    const text = readFileSync(path.join(ROOT, document), "utf8");
    return Array.from(text.matchAll(/^ *```(\S*)\n(.*?)^ *```$/gms))
      .filter(([, found]) => found === language)
      .map(({ index, 2: code = "" }) => {
        const line = text.slice(0, index).split("\n").length;
        return { name: `${document.replaceAll("/", "-")}-${line}`, text: code };
      });
  });
}

/** The library's own settings, with the name that it will have on npm. */
function settings(files: string[]) {
  const file = path.join(WEB, "tsconfig.json");
  const own: { compilerOptions: { paths?: Record<string, string[]> } } = JSON.parse(
    readFileSync(file, "utf8"),
  );
  const paths = Object.entries(own.compilerOptions.paths ?? {}).map(([name, places]) => [
    name,
    places.map((place) => path.join(WEB, place)),
  ]);
  return {
    extends: file,
    compilerOptions: {
      paths: { ...Object.fromEntries(paths), askmask: [path.join(WEB, "lib/index.ts")] },
      // A block may name what it does not use.
      noUnusedLocals: false,
    },
    files,
    include: [],
  };
}

beforeAll(() => mkdirSync(FOLDER, { recursive: true }));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

test("TypeScript in the documents compiles", { timeout: 120_000 }, () => {
  const types = path.join(WEB, "wasm-pkg/askmask_web.d.ts");
  expect(existsSync(types), "`cargo xtask build-web` writes the wasm module's types").toBe(true);
  const found = blocks("ts");
  expect(found.length).toBeGreaterThan(0);
  const files = found.map(({ name, text }) => {
    const file = path.join(FOLDER, `${name}.ts`);
    // A module even where nothing is imported, so that no names meet.
    writeFileSync(file, `${text}\nexport {};\n`);
    return file;
  });
  const inputs = path.join(FOLDER, "inputs.d.ts");
  writeFileSync(inputs, INPUTS);
  const project = path.join(FOLDER, "tsconfig.json");
  writeFileSync(project, JSON.stringify(settings([...files, inputs])));
  const { status, stdout, stderr } = spawnSync("npx", ["tsc", "--noEmit", "-p", project], {
    cwd: WEB,
    encoding: "utf8",
  });
  expect(`${stdout}${stderr}`).toBe("");
  expect(status).toBe(0);
});

test("elements in the documents have attributes that the library reads", () => {
  const source = readFileSync(path.join(WEB, "lib/element.ts"), "utf8");
  const known = /observedAttributes = \[(.*?)\]/s.exec(source)?.[1]?.match(/[\w-]+/g) ?? [];
  expect(known).toContain("src");
  const found = blocks("html");
  expect(found.length).toBeGreaterThan(0);
  for (const { name, text } of found) {
    const elements = Array.from(text.matchAll(/<ask-mask\s([^>]*)>/g));
    expect(elements.length, name).toBeGreaterThan(0);
    for (const [, attributes = ""] of elements) {
      for (const [, attribute] of attributes.matchAll(/([\w-]+)=/g)) {
        expect(known, name).toContain(attribute);
      }
    }
  }
});
