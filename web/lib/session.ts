/** Load a model, set a picture, ask, refine. Everything runs in one worker. */

import type { Box, MemoryUsage, Point } from "askmask-wasm";
import { abortable } from "./abort";
import { AskmaskError, FATAL_CODES } from "./errors";
import { readImage } from "./image-source";
import { Mask, type MaskEncoder } from "./mask";
import type { ModelSource } from "./models";
import {
  type AskOptions,
  type ComputeOptions,
  callOptions,
  type LoadOptions,
  modelRequest,
  type Options,
} from "./options";
import type {
  DeviceReport,
  FormOf,
  ImageSource,
  Loaded,
  MaskData,
  MaskForm,
  ModelRequest,
  Progress,
  WireObject,
} from "./protocol";
import { Bridge, type Call, inWorker } from "./rpc";

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
  /** What the model says, without control tokens. */
  text: string;
  /** The same with `[SEG]` wherever it points at an object, in the order of `objects`. */
  marked: string;
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
 * Loads a model: `nano`, the address of a manifest.json or of its folder,
 * `hub:OWNER/NAME@REVISION`, or a source object. What it needs is downloaded once and kept in
 * the browser's storage; a cancelled or broken download goes on where it stopped.
 *
 * @throws {AskmaskError} `unsupported-model` for a source that names none; `network`, `integrity`,
 * `out-of-memory` and others as it comes. A cancelled call rejects with `AbortError`.
 */
export async function load(
  source: string | ModelSource,
  options: LoadOptions = {},
): Promise<Model> {
  const request = modelRequest(source, options);
  const model = new Model(request);
  try {
    await model.ready(request.source.kind === "embedded" ? options : askingToKeep(options));
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/**
 * Asks the browser, once bytes come, not to evict them; only pages can, not workers. Nothing waits
 * for the answer: in Firefox a person gives it, or never does.
 */
function askingToKeep(options: Options): Options {
  let asked = false;
  const onProgress = (progress: Progress) => {
    // A folder's files are checked where they lie.
    if (!asked && progress.stage === "download" && progress.hold !== "checking") {
      asked = true;
      // Insecure pages have no storage manager; then nothing is stored either.
      navigator.storage?.persist().catch(() => undefined);
    }
    options.onProgress?.(progress);
  };
  return { ...options, onProgress };
}

export class Model {
  /** @internal */
  readonly bridge = new Bridge();
  #loaded: Loaded | null = null;
  #recovery: string | null = null;
  #loadedIn = -1;
  #disposed = false;

  /** @internal */
  constructor(private request: ModelRequest) {}

  /** Where the model runs; null until it is loaded. */
  get device(): DeviceReport | null {
    return this.#loaded?.device ?? null;
  }

  /** Something that people should know, such as that the model is not kept; or null. */
  get notice(): string | null {
    return [this.#recovery, this.#loaded?.notice].filter(Boolean).join(" ") || null;
  }

  /** SHA-256 of the model's manifest, in hex; empty until it is loaded. */
  get manifest(): string {
    return this.#loaded?.manifest ?? "";
  }

  /** What it can be loaded by again: its source, or for a converted folder what was stored of it. */
  get source(): ModelSource {
    return this.request.source;
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
    if (this.#disposed) throw disposedModel();
    if (this.#loadedIn === this.bridge.generation) return;
    const loaded = await call("load", this.request);
    this.#loaded = loaded;
    const { source, kept } = loaded;
    this.request = { ...this.request, source, kept, rehash: false };
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

  /** @internal Needs no model: a mask outlives the worker it came from, and its model. */
  encode<F extends MaskForm>(mask: MaskData, form: F): Promise<FormOf<F>> {
    // A method's result cannot depend on its parameters across the border.
    const job = (call: Call) => call("encodeMask", { mask, form }) as Promise<FormOf<F>>;
    return this.#disposed ? inWorker(job) : this.bridge.run(job);
  }

  #prepareRecovery({ code }: AskmaskError): void {
    if (code === "gpu-result-invalid") this.request = { ...this.request, rehash: true };
    if (code !== "out-of-memory" || this.request.lowMemory) return;
    this.request = { ...this.request, lowMemory: true };
    this.#recovery =
      "Memory ran out, so one part of the model is loaded at a time, which is slower.";
  }

  /** Decodes a picture and computes what all questions about it share. */
  async setImage(
    source: Blob | ImageData | ImageBitmap,
    options: ComputeOptions = {},
  ): Promise<Picture> {
    const picture = new Picture(this, await abortable(readImage(source), options.signal));
    await this.run((call) => picture.ensure(call), options);
    return picture;
  }

  /** Ends the worker; the model's pictures go with it. */
  dispose(): void {
    this.#disposed = true;
    this.bridge.stop(disposedModel());
  }
}

export class Picture {
  width = 0;
  height = 0;
  /**
   * The picture for showing it, in sRGB with its own transparency; smaller than `width` × `height`
   * where it has more than 16,777,216 pixels. The model sees white where it is clear.
   */
  preview = new ImageData(1, 1);
  /**
   * Whether a camera took it: the file names one, or the pixels look photographed. A guess, which
   * overlooks one photograph in ten that names none. nano knows drawings only.
   */
  photograph = false;
  /** Something that people should know about how it was opened, or null. */
  notice: string | null = null;
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
    const { preview, ...opened } = await call("setImage", {
      image: this.#id,
      source: this.source,
    });
    Object.assign(this, opened);
    const pixels = new Uint8ClampedArray(preview.rgba.buffer);
    this.preview = new ImageData(pixels, preview.width, preview.height);
    this.#setIn = generation;
  }

  /** Answers a question. Nothing found is an empty list, not an error. */
  ask(question: string, options: AskOptions = {}): Promise<Answer> {
    return this.model.run(async (call) => {
      await this.ensure(call);
      const { objects, ...answer } = await call("ask", { image: this.#id, question });
      return { ...answer, objects: objects.map((object) => this.#adopt(object)) };
    }, options);
  }

  /** A better mask for `object`, or a new one, from clicks and a box. */
  refine(
    object: FoundObject | null,
    { points = [], box }: Prompts,
    options: ComputeOptions = {},
  ): Promise<FoundObject> {
    return this.model.run(async (call) => {
      await this.ensure(call);
      const known = object === null ? undefined : handles.get(object);
      // A restarted worker knows no earlier objects; the clicks still count.
      const previous = known?.generation === this.model.bridge.generation ? known.handle : null;
      const prompts = { points: [...points], ...(box && { box }) };
      return this.#adopt(await call("refine", { image: this.#id, prompts, previous }));
    }, options);
  }

  /** A mask of this picture's size from bytes of 0 or 1, row-major. */
  mask(pixels: Uint8Array<ArrayBuffer>): Mask {
    const { width, height } = this;
    return this.#mask({ pixels, width, height });
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

  #mask(data: MaskData): Mask {
    return new Mask(this.width, this.height, data, this.#encoder);
  }

  readonly #encoder: MaskEncoder = {
    encode: (mask, form) => this.model.encode(mask, form),
    cutout: (mask) =>
      this.model.run(async (call) => {
        await this.ensure(call);
        return call("cutout", { image: this.#id, mask });
      }),
  };

  #adopt({ handle, rle, ...rest }: WireObject): FoundObject {
    const object = { ...rest, mask: this.#mask(rle) };
    handles.set(object, { handle, generation: this.model.bridge.generation });
    return object;
  }
}

function disposedModel(): AskmaskError {
  return new AskmaskError("disposed", "This model was disposed.", "Load it again.");
}

function isFatal(error: unknown): error is AskmaskError {
  return error instanceof AskmaskError && FATAL_CODES.includes(error.code);
}
