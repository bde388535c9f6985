/** Every stage of the fixture models in Chromium's WebGPU beside the reference implementation. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { DeviceKind as Device, TraceEvent } from "askmask-wasm";
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

for (const device of ["gpu", "cpu"] as const) {
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
async function trace({ device, question }: { device: Device; question: string }): Promise<Run> {
  const { wasm, manifest, files, file, expected, ious, host } = askmask;
  /** The name of a stage's tensor in expected.safetensors. */
  const nameOf = ({ stage, index }: TraceEvent) => {
    const snake = stage.replaceAll("-", "_");
    switch (stage) {
      case "hiera-stage":
      case "fpn":
      case "sam-image-embedding":
      case "lm-hidden":
        return `${snake}_${index}`;
      case "prompt-sparse":
        return `seg${index}_sparse`;
      case "mask-logits":
        return `seg${index}_masks`;
      case "mask-iou":
        return `seg${index}_iou`;
      case "object-score":
        return `seg${index}_object_score`;
      case "seg-embedding":
        return "seg_embeddings";
      default:
        return snake;
    }
  };
  /** Tensors of one name follow each other: tiles, rows of the text, steps, objects. */
  const traced = new Map<string, number[]>();
  const onTrace = (event: TraceEvent) => {
    const before = traced.get(nameOf(event)) ?? [];
    traced.set(nameOf(event), before.concat([...event.values]));
  };
  const model = await wasm.loadModel(manifest, files, { device }, host);
  await model.selfCheck(host);
  const picture = await model.setImage(file("input.png"), { ...host, onTrace });
  const answer = await picture.ask(question, { ...host, onTrace });

  const largest = (values: Iterable<number>) => {
    let most = 0;
    for (const value of values) most = Number.isNaN(value) ? Number.NaN : Math.max(most, value);
    return most;
  };
  const rows: Row[] = [];
  for (const [stage, actual] of traced) {
    const bytes = expected(stage);
    if (bytes === null) continue;
    const all = new Float32Array(bytes.buffer);
    // The head and the final norm run on the last rows only.
    const reference = all.subarray(all.length - actual.length);
    const deltas = reference.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)));
    rows.push({ stage, scale: largest(reference.map(Math.abs)), delta: largest(deltas) });
  }
  return { rows, written: answer.tokens().join(""), ious: ious(answer) };
}
