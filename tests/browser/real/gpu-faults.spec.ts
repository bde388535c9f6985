/** Faults 16 and 17 on a real device: errors with a code, never a hang, never a silent zero. */
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { HostCallbacks } from "askmask-wasm";
import { manifestOf } from "./manifest";
import { serve, start } from "./wasm";

const FOLDER = path.join(import.meta.dirname, "../../fixtures/sa2va_tiny_q");
const FILES = ["manifest.json", "config.json", "tokenizer.json", "model.safetensors", "input.png"];
const STAGES = ["load", "encode-image", "think"];

/** Keeps the GPU device that the page opens, so that a test can break it. */
function keepDevice() {
  const adapters = (globalThis as any).GPUAdapter.prototype;
  const request = adapters.requestDevice;
  adapters.requestDevice = async function (...options: unknown[]) {
    const device = await request.apply(this, options);
    (globalThis as any).gpuDevice = device;
    return device;
  };
}

for (const fault of ["lost", "out of memory"]) {
  for (const stage of STAGES) {
    test(`GPU ${fault} at the stage ${stage}`, async ({ page }) => {
      await page.addInitScript(keepDevice);
      await serve(page, FOLDER, await manifestOf(FOLDER));
      await page.evaluate(start, FILES);
      const { codes, stages } = await page.evaluate(breakAt, { fault, stage });
      expect(stages).toContain(stage);
      const expected = fault === "lost" ? "device-lost" : "out-of-memory";
      // The call that was under way, and one more: a broken device stays broken.
      expect(codes).toEqual([expected, expected]);
    });
  }
}

/** Runs in the page: breaks the device when `stage` begins. */
async function breakAt({ fault, stage }: { fault: string; stage: string }) {
  const { wasm, manifest, files, file, host: quiet } = askmask;
  const stages: string[] = [];
  const host: HostCallbacks = {
    ...quiet,
    onEvent(event) {
      if (event.type !== "progress" || stages.includes(event.stage)) return;
      stages.push(event.stage);
      if (event.stage !== stage) return;
      const device = (globalThis as any).gpuDevice;
      if (fault === "lost") device.destroy();
      else {
        const error = new (globalThis as any).GPUOutOfMemoryError("a test says so");
        const type = "uncapturederror";
        device.dispatchEvent(new (globalThis as any).GPUUncapturedErrorEvent(type, { error }));
      }
    },
  };
  const codes: unknown[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const model = await wasm.loadModel(manifest, files, { device: "gpu" }, host);
      const picture = await model.setImage(file("input.png"), host);
      const answer = await picture.ask("Where is it?", host);
      codes.push(`answered ${answer.text}`);
    } catch (error) {
      codes.push((error as { code?: string }).code ?? String(error));
    }
  }
  return { codes, stages };
}
