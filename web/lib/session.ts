/** Load a model, set a picture, ask, refine. Everything runs in one worker. */

import { AskmaskError, FATAL_CODES } from "./errors";
import { Mask, type MaskExporter } from "./mask";
import type { MaxTiles, MemoryUsage, ModelSource, Patience } from "./models";
import type {
  Box,
  CallEvent,
  DeviceChoice,
  DeviceReport,
  ImageSource,
  ModelRequest,
  Point,
  Progress,
  WireObject,
} from "./protocol";
import { Bridge, type Call } from "./rpc";

export interface Options {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Called when the GPU failed and the call starts over in a fresh worker.
   * Tokens that came before belong to the failed try.
   */
  onRecover?: ((cause: AskmaskError) => void) | undefined;
}

export interface LoadOptions extends Options {
  /** `auto` takes the GPU if it is a real one. */
  device?: DeviceChoice | undefined;
  /** Most tiles that the language side sees of a picture: fewer are faster and coarser. */
  maxTiles?: MaxTiles | undefined;
  /** Keeps one part of the model on the GPU at a time; slower. */
  lowMemory?: boolean | undefined;
  /** Folder that holds the embedded model's `models/`; the page's own by default. */
  assetBase?: string | undefined;
  patience?: Patience | undefined;
}

export interface AskOptions extends Options {
  /** Called with each piece of the answer as it is written. */
  onToken?: ((text: string) => void) | undefined;
}

/** One thing found in a picture. */
export interface FoundObject {
  readonly mask: Mask;
  /** The model's own estimate of the mask's IoU, about 0 to 1. */
  readonly score: number;
  /** Probability that the object is in the picture, 0 to 1. */
  readonly objectScore: number;
  /** Pixels inside the mask. */
  readonly area: number;
  readonly box: Box | null;
  /** The mask's outline as SVG path data in picture pixels. */
  readonly outline: string;
}

export interface Answer {
  /** Plain text with `[SEG]` wherever the model points at an object. */
  text: string;
  objects: FoundObject[];
}

export interface Prompts {
  points?: readonly Point[];
  box?: Box | null;
}

/** What the worker knows an object by, and which worker that was. */
const handles = new WeakMap<FoundObject, { handle: number; generation: number }>();

let nextImage = 1;

/**
 * Loads a model. What its source needs is downloaded once and kept in the
 * browser's storage; a cancelled or broken download goes on where it stopped.
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  if (source.kind === "manifest" || source.kind === "hub") await askToKeep();
  const model = new Model(modelRequest(source, options));
  try {
    await model.ready(options);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** Asks the browser not to evict large downloads; only pages can, not workers. */
async function askToKeep(): Promise<void> {
  try {
    await navigator.storage.persist();
  } catch {
    // Insecure pages have no storage manager; then nothing is stored either.
  }
}

/** @internal */
export function modelRequest(source: ModelSource, options: LoadOptions): ModelRequest {
  const base = new URL(options.assetBase ?? "./", document.baseURI);
  const embedded = new URL("models/nano/manifest.json", base).href;
  const { device = "auto", maxTiles, lowMemory, patience } = options;
  return { source, embedded, device, maxTiles, lowMemory, patience };
}

/** @internal */
export function spawnWorker(): Worker {
  return new Worker(new URL("./worker/main.ts", import.meta.url), { type: "module" });
}

/** @internal */
export function callOptions({ signal, onProgress, onToken }: AskOptions) {
  const onEvent = (event: CallEvent) => {
    if (event.type === "token") onToken?.(event.text);
    else onProgress?.(event);
  };
  return { signal, onEvent };
}

export class Model {
  /** @internal */
  readonly bridge = new Bridge(spawnWorker);
  #device: DeviceReport | null = null;
  #manifest = "";
  #recoveries = 0;
  #notice: string | null = null;
  #recovery: string | null = null;
  #loadedIn = -1;
  #disposed = false;

  /** @internal */
  constructor(private request: ModelRequest) {}

  /** Where the model runs; null until it is loaded. */
  get device(): DeviceReport | null {
    return this.#device;
  }

  /** Something that people should know, such as that the model is not kept; or null. */
  get notice(): string | null {
    return this.#notice;
  }

  /** SHA-256 of the model's manifest, in hex; empty until it is loaded. */
  get manifest(): string {
    return this.#manifest;
  }

  /** How often the GPU failed and a fresh worker took over. */
  get recoveries(): number {
    return this.#recoveries;
  }

  /** What the model takes up now, and took at most. */
  memoryUsage(): Promise<MemoryUsage> {
    return this.run(async (call) => {
      await this.ensure(call);
      return call("memoryUsage", null);
    });
  }

  /** @internal Loads in this worker unless that is done. */
  async ensure(call: Call): Promise<void> {
    if (this.#disposed)
      throw new AskmaskError("disposed", "This model was disposed.", "Load it again.");
    if (this.#loadedIn === this.bridge.generation) return;
    const { device, notice, kept, manifest } = await call("load", this.request);
    this.#device = device;
    this.#manifest = manifest;
    this.#notice = [this.#recovery, notice].filter((text) => text !== null).join(" ") || null;
    this.request = { ...this.request, kept, doubted: false };
    this.#loadedIn = this.bridge.generation;
  }

  /** @internal */
  ready(options: Options): Promise<void> {
    return this.run((call) => this.ensure(call), options);
  }

  /** @internal Runs a job; when the GPU fails in it, once more in a fresh worker. */
  async run<T>(job: (call: Call) => Promise<T>, options: AskOptions = {}): Promise<T> {
    try {
      return await this.bridge.run(job, callOptions(options));
    } catch (error) {
      if (!isFatal(error) || this.#disposed) throw error;
      this.#recoveries += 1;
      this.#prepareRecovery(error);
      options.onRecover?.(error);
    }
    try {
      return await this.bridge.run(job, callOptions(options));
    } catch (error) {
      if (!isFatal(error)) throw error;
      const hint = `A fresh start did not help. ${error.hint}`.trim();
      throw new AskmaskError(error.code, error.message, hint, { cause: error });
    }
  }

  #prepareRecovery({ code }: AskmaskError): void {
    if (code === "gpu-result-invalid") this.request = { ...this.request, doubted: true };
    if (code !== "out-of-memory" || this.request.lowMemory) return;
    this.request = { ...this.request, lowMemory: true };
    this.#recovery =
      "Memory ran out, so one part of the model is loaded at a time, which is slower.";
  }

  /** Decodes a picture and computes what all questions about it share. */
  async setImage(source: Blob | ImageData | ImageBitmap, options: Options = {}): Promise<Picture> {
    const picture = new Picture(this, await readSource(source));
    await this.run((call) => picture.ensure(call), options);
    return picture;
  }

  /** Ends the worker; the model's pictures go with it. */
  dispose(): void {
    this.#disposed = true;
    this.bridge.stop(new AskmaskError("disposed", "This model was disposed.", "Load it again."));
  }
}

export class Picture {
  width = 0;
  height = 0;
  /** The decoded pixels, RGBA, as the model sees them. */
  pixels = new Uint8ClampedArray();
  readonly #id = nextImage++;
  #setIn = -1;
  #disposed = false;

  /** @internal */
  constructor(
    private readonly model: Model,
    private readonly source: ImageSource,
  ) {}

  /** @internal Sets the model and this picture up in a worker that lacks them. */
  async ensure(call: Call): Promise<void> {
    if (this.#disposed)
      throw new AskmaskError("disposed", "This picture was disposed.", "Set it again.");
    await this.model.ensure(call);
    const { generation } = this.model.bridge;
    if (this.#setIn === generation) return;
    const { width, height, rgba } = await call("setImage", {
      image: this.#id,
      source: this.source,
    });
    this.width = width;
    this.height = height;
    this.pixels = new Uint8ClampedArray(rgba.buffer);
    this.#setIn = generation;
  }

  /** Answers a question. Nothing found is an empty list, not an error. */
  ask(question: string, options: AskOptions = {}): Promise<Answer> {
    return this.model.run(async (call) => {
      await this.ensure(call);
      const { text, objects } = await call("ask", { image: this.#id, question });
      return { text, objects: objects.map((object) => this.#adopt(object)) };
    }, options);
  }

  /** A better mask for `object`, or a new one, from clicks and a box. */
  refine(
    object: FoundObject | null,
    prompts: Prompts,
    options: Options = {},
  ): Promise<FoundObject> {
    return this.model.run(async (call) => {
      await this.ensure(call);
      const known = object === null ? undefined : handles.get(object);
      // A restarted worker knows no earlier objects; the clicks still count.
      const previous = known?.generation === this.model.bridge.generation ? known.handle : null;
      const { points = [], box = null } = prompts;
      const refined = await call("refine", { image: this.#id, points: [...points], box, previous });
      return this.#adopt(refined);
    }, options);
  }

  /** A mask of this picture's size from bytes of 0 or 1. */
  mask(data: Uint8Array<ArrayBuffer>): Mask {
    return new Mask(data, this.width, this.height, this.#export);
  }

  /** Frees what the worker holds for this picture. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#setIn !== this.model.bridge.generation) return;
    const free = this.model.bridge.run((call) => call("disposeImage", { image: this.#id }));
    // A worker that is gone holds nothing.
    free.catch(() => undefined);
  }

  #export: MaskExporter = (format, mask) =>
    this.model.run(async (call) => {
      await this.ensure(call);
      const { data, width, height } = mask;
      return call("export", { image: this.#id, format, mask: data, width, height });
    });

  #adopt({ handle, mask, ...rest }: WireObject): FoundObject {
    const object = { ...rest, mask: this.mask(mask) };
    handles.set(object, { handle, generation: this.model.bridge.generation });
    return object;
  }
}

function isFatal(error: unknown): error is AskmaskError {
  return error instanceof AskmaskError && FATAL_CODES.includes(error.code);
}

async function readSource(source: Blob | ImageData | ImageBitmap): Promise<ImageSource> {
  if (source instanceof Blob)
    return { kind: "file", bytes: new Uint8Array(await source.arrayBuffer()) };
  const { data, width, height } = source instanceof ImageData ? source : readBitmap(source);
  return { kind: "rgba", data: new Uint8Array(data), width, height };
}

/** A bitmap gives its pixels only by way of a canvas. */
function readBitmap(bitmap: ImageBitmap): ImageData {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (context === null)
    throw new AskmaskError("out-of-memory", `No canvas of ${width} × ${height} pixels.`);
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}
