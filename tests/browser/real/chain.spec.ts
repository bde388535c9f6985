/**
 * The whole chain: `askmask quantize` writes a folder, a page loads it, and the answer is the
 * reference implementation's with the same quantized weights.
 */
import { execFile } from "node:child_process";
import { copyFile, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import type { LoadOptions } from "askmask-wasm";
import { WEB } from "../base";
import { serve, start } from "./wasm";

const FIXTURES = path.join(import.meta.dirname, "../../fixtures");
/** `cargo test` has built it. */
const PROGRAM = path.join(WEB, "../target/debug/askmask");

const CASES: LoadOptions[] = [
  { device: "cpu" },
  { device: "gpu" },
  { device: "cpu", lowMemory: true },
  { device: "gpu", lowMemory: true },
];

for (const options of CASES) {
  test(`quantized, served and asked: ${JSON.stringify(options)}`, async ({ page }, info) => {
    const folder = info.outputPath("model");
    const origin = ["--source", "tests/fixtures", "--licence", "Apache-2.0"];
    const input = path.join(FIXTURES, "sa2va_tiny");
    await promisify(execFile)(PROGRAM, ["quantize", input, folder, ...origin]);
    for (const [from, to] of [
      ["sa2va_tiny/input.png", "input.png"],
      ["sa2va_chain/expected.safetensors", "expected.safetensors"],
    ] as const) {
      await copyFile(path.join(FIXTURES, from), path.join(folder, to));
    }
    const manifest = await readFile(path.join(folder, "manifest.json"), "utf8");
    const expected = JSON.parse(
      await readFile(path.join(FIXTURES, "sa2va_chain/expected.json"), "utf8"),
    );
    await serve(page, folder, manifest);
    await page.evaluate(start, await readdir(folder));
    const run = await page.evaluate(ask, { options, question: expected.question });
    expect(run.written).toBe(expected.answer.replace("<|im_end|>", ""));
    expect(run.ious).toHaveLength(1);
    for (const iou of run.ious) expect(iou).toBeGreaterThanOrEqual(0.999);
    expect(run.usage.gpu > 0).toBe(options.device === "gpu");
    expect(run.usage.gpuPeak).toBeGreaterThanOrEqual(run.usage.gpu);
    expect(run.heapOfLoad).toBeLessThanOrEqual(200 * 2 ** 20);
    // Two pictures: in low memory mode the second needs all three parts again.
    expect(run.usage.reloads).toBe(options.lowMemory ? 3 : 0);
    expect(run.usage.reloadedBytes > 0).toBe(options.lowMemory === true);
  });
}

/** Runs in the page. */
async function ask({ options, question }: { options: LoadOptions; question: string }) {
  const { wasm, manifest, files, file, ious, host } = askmask;
  const { memory } = await wasm.default();
  const idle = memory.buffer.byteLength;
  const model = await wasm.loadModel(manifest, files, options, host);
  const heapOfLoad = memory.buffer.byteLength - idle;
  const picture = await model.setImage(file("input.png"), host);
  const answer = await picture.ask(question, host);
  picture.free();
  await model.setImage(file("input.png"), host);
  const usage = model.memoryUsage();
  return { written: answer.tokens().join(""), ious: ious(answer), usage, heapOfLoad };
}
