/**
 * A stand-in for the wasm module: it draws an ellipse and streams words. Words
 * in the question choose what happens; see `ask`. Only the page's tests use it.
 */

import type { DeviceKind as Device, HostCallbacks, LoadOptions, ModelFiles, Prompts, TraceStage } from "askmask-wasm";
import { Mask } from "./mask";
import { coded, readAll, readManifest } from "./models";

interface Ellipse {
  x: number;
  y: number;
  rx: number;
  ry: number;
}

async function pause(host: HostCallbacks): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 15));
  await host.checkpoint();
}

/** One tensor of two numbers, where somebody listens. */
function trace(host: HostCallbacks, stage: TraceStage): void {
  if (host.onTrace === undefined) return;
  news.postMessage({ event: "trace", name: stage });
  host.onTrace({ stage, index: 0, shape: [1, 2], values: Float32Array.of(0.5, -1) });
}

/** Traps as wasm does inside a task of its own: nothing settles any more. */
function trap(): Promise<never> {
  setTimeout(() => {
    throw new WebAssembly.RuntimeError("unreachable");
  });
  return new Promise(() => undefined);
}

export default async function init(): Promise<void> {}

export {
  cardBytes,
  Headers,
  headerBytes,
  licenceOf,
  RawCheckpoint,
  shardNames,
  tokenizerJson,
} from "./conversion";
export { Mask } from "./mask";
export { preflight, readManifest } from "./models";
export { Sha256 } from "./sha256";

export function buildId(): string {
  return "0.0.0-stand-in";
}

/** What the tests count: one message each time something happens in a worker. */
const news = new BroadcastChannel("stand-in");

export async function loadModel(
  manifest: string,
  files: ModelFiles,
  options: LoadOptions,
  host: HostCallbacks,
): Promise<Model> {
  readAll(manifest, files, (done, total) =>
    host.onEvent({ type: "progress", stage: "load", done, total }),
  );
  await pause(host);
  const { name, bytes } = readManifest(manifest);
  news.postMessage({ event: "load", name, ...options });
  return new Model(options.device, name, bytes);
}

/** Throws the first time that any worker of this site gets here. */
async function failOnce(code: string, message: string): Promise<void> {
  if (await caches.has(`stand-in ${code}`)) return;
  await caches.open(`stand-in ${code}`);
  throw coded(code, message);
}

export class Model {
  constructor(
    readonly device: Device,
    private readonly name: string,
    private readonly bytes: number,
  ) {}

  async selfCheck(): Promise<void> {
    news.postMessage({ event: "self-check", name: this.name });
    if (this.name.includes("wrong")) throw coded("gpu-result-invalid", "The known result is wrong.");
  }

  memoryUsage() {
    const gpu = this.device === "gpu" ? this.bytes : 0;
    return { heap: 3e7, heapPeak: 9e7, gpu, gpuPeak: gpu, reloads: 0, reloadedBytes: 0 };
  }

  async setImage(bytes: Uint8Array<ArrayBuffer>, host: HostCallbacks): Promise<Picture> {
    // An AVIF's brand: as in wasm, the browser is asked for it.
    if (new TextDecoder().decode(bytes.subarray(4, 12)) === "ftypavif")
      throw Object.assign(coded("unsupported-image", "This is an AVIF."), { found: "an AVIF" });
    const bitmap = await createImageBitmap(new Blob([bytes])).catch(() => {
      throw coded("invalid-image", "This is not a PNG, JPEG or WebP picture.");
    });
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context?.drawImage(bitmap, 0, 0);
    const data = context?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
    const picture = await this.setImageRgba(new Uint8Array(data), width, height, host);
    // Any JPEG counts as a photograph here.
    picture.photograph = bytes[0] === 0xff;
    return picture;
  }

  async setImageRgba(
    rgba: Uint8Array<ArrayBuffer>,
    width: number,
    height: number,
    host: HostCallbacks,
  ): Promise<Picture> {
    for (let done = 1; done <= 3; done++) {
      host.onEvent({ type: "progress", stage: "encode-image", done, total: 3 });
      await pause(host);
    }
    trace(host, "image-tokens");
    return new Picture(width, height, rgba);
  }
  free(): void {}
}

class Preview {
  constructor(
    readonly width: number,
    readonly height: number,
    private readonly rgba: Uint8Array<ArrayBuffer>,
  ) {}

  takeRgba(): Uint8Array<ArrayBuffer> {
    return this.rgba;
  }
  free(): void {}
}

export class Picture {
  photograph = false;

  constructor(
    readonly width: number,
    readonly height: number,
    private readonly pixels: Uint8Array<ArrayBuffer>,
  ) {}

  /** As wasm's: of at most 16,777,216 pixels; here each is one of the picture's. */
  preview(): Preview {
    const factor = Math.ceil(Math.sqrt((this.width * this.height) / 2 ** 24));
    if (factor === 1) return new Preview(this.width, this.height, this.pixels.slice());
    const [width, height] = [Math.floor(this.width / factor), Math.floor(this.height / factor)];
    const words = new Uint32Array(this.pixels.buffer, this.pixels.byteOffset);
    const at = (index: number) =>
      factor * (Math.floor(index / width) * this.width + (index % width));
    const shown = Uint32Array.from({ length: width * height }, (_, index) => words[at(index)] ?? 0);
    return new Preview(width, height, new Uint8Array(shown.buffer));
  }

  async ask(question: string, host: HostCallbacks): Promise<Answer> {
    if (question.includes("crash")) return trap();
    if (question.includes("lost once")) await failOnce("device-lost", "The GPU was reset.");
    if (question.includes("lost always")) throw coded("device-lost", "The GPU was reset.");
    if (question.includes("memory once")) await failOnce("out-of-memory", "The GPU is full.");
    if (question.includes("invalid result")) throw coded("gpu-result-invalid", "NaN in the logits.");
    const marked = this.#answerTo(question);
    const text = marked.replaceAll(" [SEG]", "");
    trace(host, "lm-inputs-embeds");
    for (const token of text.match(/\s*\S+/g) ?? []) {
      host.onEvent({ type: "progress", stage: "think", done: 1 });
      host.onEvent({ type: "token", text: token });
      await pause(host);
    }
    host.onEvent({ type: "progress", stage: "mask", done: 1, total: 1 });
    return new Answer(text, marked, this.#objectsFor(question));
  }

  #answerTo(question: string): string {
    if (question.includes("nothing")) return "There is no such thing here.";
    if (question.includes("slow")) return Array(400).fill("slowly").join(" ");
    if (question.includes("markup")) return "<b>bold</b> [SEG]";
    if (question.includes("both")) return "The umbrella [SEG] and the red ball [SEG].";
    return "It keeps the rain out, so it is the umbrella [SEG].";
  }

  #objectsFor(question: string): MaskObject[] {
    if (question.includes("nothing") || question.includes("slow")) return [];
    const { width, height } = this;
    const main = { x: width * 0.3, y: height * 0.42, rx: width * 0.16, ry: height * 0.2 };
    const other = { x: width * 0.72, y: height * 0.76, rx: width * 0.09, ry: height * 0.12 };
    if (question.includes("empty")) return [new MaskObject(this, { ...main, rx: 0 }, 0.4)];
    if (question.includes("doubt")) return [new MaskObject(this, main, 0.1)];
    if (question.includes("both")) return [new MaskObject(this, main), new MaskObject(this, other)];
    return [new MaskObject(this, main)];
  }

  async refine(
    { points, box }: Prompts,
    previous: MaskObject | undefined,
    host: HostCallbacks,
  ): Promise<MaskObject> {
    await pause(host);
    if (box) {
      const [x0, y0, x1, y1] = box;
      const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
      return new MaskObject(this, { x, y, rx: (x1 - x0) / 2, ry: (y1 - y0) / 2 }, 0.9);
    }
    const { x = 0, y = 0, label } = points.at(-1) ?? {};
    const shape = previous?.shape ?? { x, y, rx: 40, ry: 40 };
    const grow = label === 1 ? 1.2 : 0.8;
    return new MaskObject(this, { ...shape, rx: shape.rx * grow, ry: shape.ry * grow }, 0.93);
  }

  cutoutPng(mask: Mask): Uint8Array {
    return mask.png();
  }
  free(): void {}
}

export class Answer {
  constructor(
    readonly text: string,
    readonly marked: string,
    private readonly found: MaskObject[],
  ) {}
  objects(): MaskObject[] {
    return this.found;
  }
  free(): void {}
}

export class MaskObject {
  readonly objectScore = 0.98;

  constructor(
    private readonly picture: Picture,
    readonly shape: Ellipse,
    readonly score = 0.91,
  ) {}

  mask(): Mask {
    const { width, height } = this.picture;
    const { x, y, rx, ry } = this.shape;
    const pixels = Uint8Array.from({ length: width * height }, (_, index) => {
      const dx = ((index % width) + 0.5 - x) / rx;
      const dy = (Math.floor(index / width) + 0.5 - y) / ry;
      return dx * dx + dy * dy <= 1 ? 1 : 0;
    });
    return Mask.fromPixels(pixels, width, height);
  }
  share(): MaskObject {
    return new MaskObject(this.picture, this.shape, this.score);
  }
  free(): void {}
}
