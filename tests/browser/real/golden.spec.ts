/** Every stage of the fixture models in Chromium's WebGPU beside the reference implementation. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { manifestOf } from "./manifest";
import { serve, start } from "./wasm";

const FIXTURES = path.join(import.meta.dirname, "../../fixtures");
/** Largest |Δ| as a share of a stage's largest value. */
const TOLERANCE = 1e-3;
const FILES = [
  "manifest.json",
  "config.json",
  "tokenizer.json",
  "model.safetensors",
  "input.png",
  "expected.safetensors",
];

interface Row {
  stage: string;
  scale: number;
  delta: number;
}

interface Run {
  rows: Row[];
  written: string;
  ious: number[];
}

for (const device of ["gpu", "cpu"]) {
  for (const fixture of ["sa2va_tiny", "sa2va_tiny_q"]) {
    test(`${fixture} on ${device}`, async ({ page }) => {
      const folder = path.join(FIXTURES, fixture);
      await serve(page, folder, await manifestOf(folder));
      await page.evaluate(start, FILES);
      const text = await readFile(path.join(FIXTURES, fixture, "expected.json"), "utf8");
      const { question, answer } = JSON.parse(text);
      const run = await page.evaluate(trace, { device, question });
      printTable(`${fixture} on ${device}`, run.rows);
      expect(run.rows.length).toBeGreaterThan(10);
      for (const row of run.rows) {
        expect(row.delta / row.scale, row.stage).toBeLessThanOrEqual(TOLERANCE);
      }
      expect(run.written).toBe(answer.replace("<|im_end|>", ""));
      expect(run.ious.length).toBeGreaterThan(0);
      for (const iou of run.ious) expect(iou).toBeGreaterThanOrEqual(0.999);
    });
  }
}

function printTable(title: string, rows: Row[]) {
  console.log(`\n${title}\n${"stage".padEnd(26)}largest |x|   max |Δ|`);
  for (const { stage, scale, delta } of rows) {
    console.log(stage.padEnd(26) + scale.toFixed(4).padStart(11) + delta.toExponential(2).padStart(10));
  }
}

/** Runs in the page. */
async function trace({ device, question }: { device: string; question: string }): Promise<Run> {
  // What `start` left there.
  const { wasm, contents, files, manifest } = (globalThis as any).askmask;
  const host = {
    onEvent() {},
    checkpoint: () => new Promise<void>((resolve) => setTimeout(resolve)),
  };
  const model = await wasm.loadModel(manifest, files, { device }, host);
  await model.canary(host);
  const result = await model.trace(contents.get("input.png"), question, host);

  const file: Uint8Array<ArrayBuffer> = contents.get("expected.safetensors");
  const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength)));
  const part = (name: string) => {
    const [start, end] = header[name].data_offsets;
    return file.slice(8 + headerLength + start, 8 + headerLength + end);
  };
  const largest = (values: Iterable<number>) => {
    let most = 0;
    for (const value of values) most = Number.isNaN(value) ? Number.NaN : Math.max(most, value);
    return most;
  };
  const rows: Row[] = [];
  for (const stage of result.names() as string[]) {
    if (!(stage in header)) continue;
    const actual: Float32Array = result.values(stage);
    const all = new Float32Array(part(stage).buffer);
    // The head and the final norm run on the last rows only.
    const reference = all.subarray(all.length - actual.length);
    const deltas = reference.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)));
    rows.push({ stage, scale: largest(reference.map(Math.abs)), delta: largest(deltas) });
  }
  const ious = (result.objects() as { mask(): Uint8Array }[]).map((object, i) => {
    const [found, truth] = [object.mask(), part(`seg${i}_mask`)];
    let [both, either] = [0, 0];
    for (let at = 0; at < truth.length; at++) {
      both += Number(found[at] && truth[at]);
      either += Number(found[at] || truth[at]);
    }
    return both / either;
  });
  return { rows, written: (result.tokens as string[]).join(""), ious };
}
