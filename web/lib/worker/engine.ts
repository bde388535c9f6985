/** Drives wasm: one model, its pictures and their objects, known by numbers. */

import init, * as wasm from "askmask-wasm";
import { AskmaskError } from "../errors";
import type { ModelReport, StoredModel } from "../models";
import type {
  FormOf,
  ImageSource,
  Loaded,
  MaskData,
  MaskForm,
  Params,
  Result,
  WireObject,
} from "../protocol";
import { decodeByBrowser } from "./browser-decode";
import { chooseDevice } from "./device";
import type { Host } from "./host";
import { report } from "./report";
import { resolveModel } from "./resolve-model";
import { sha256 } from "./sha256";
import { BlobFiles } from "./store/files";
import { Store } from "./store/store";

/** What every browser shows: iOS draws nothing on a canvas of more. */
const PREVIEW_PIXELS = 1 << 24;

interface OpenImage {
  picture: wasm.Picture;
  objects: Map<number, wasm.MaskObject>;
}

const NOTICES = {
  unsupported:
    "This browser lets the page store nothing, so the model is in memory only and is fetched again next time.",
  refused:
    "The browser's storage has no room for this model, so part of it is in memory only and is fetched again next time.",
};

export class Engine {
  /** Lets the loaded model be deleted. */
  #release: () => void = () => undefined;
  #model: wasm.Model | null = null;
  #images = new Map<number, OpenImage>();
  #nextHandle = 1;

  async load(request: Params<"load">, host: Host): Promise<Loaded> {
    const [device] = await Promise.all([chooseDevice(request.device), init()]);
    const store = await Store.open(request.kept);
    const found = await resolveModel(store, request, host);
    this.#release();
    const {
      files,
      unstored,
      release,
      manifest: named,
    } = await found.obtain(request.rehash ?? false);
    this.#release = release;
    const { maxTiles, lowMemory = false } = request;
    const options = { device: device.device, lowMemory, ...(maxTiles && { maxTiles }) };
    const { text } = named;
    const model = await wasm.loadModel(text, new BlobFiles(files), options, host);
    const manifest = sha256(text);
    if (device.device === "gpu") await checkOnce(model, manifest, device.adapter, store, host);
    this.#model = model;
    const notice = unstored && NOTICES[unstored];
    return { device, manifest, notice, source: found.source, kept: store.memory.blobs };
  }

  async preflight(request: Params<"preflight">, host: Host): Promise<ModelReport> {
    await init();
    return report(await Store.open(), request, host);
  }

  async models(): Promise<StoredModel[]> {
    return (await Store.open()).list();
  }

  async deleteModel({ key }: Params<"deleteModel">): Promise<null> {
    await (await Store.open()).delete(key);
    return null;
  }

  async modelFiles({ key }: Params<"modelFiles">): Promise<Result<"modelFiles">> {
    await init();
    return (await Store.open()).files(key, wasm.readManifest);
  }

  memoryUsage(): wasm.MemoryUsage {
    return this.#requireModel().memoryUsage();
  }

  async setImage({ image, source }: Params<"setImage">, host: Host): Promise<Result<"setImage">> {
    const { picture, notice } = await openPicture(this.#requireModel(), source, host);
    this.#images.set(image, { picture, objects: new Map() });
    const shown = picture.preview(PREVIEW_PIXELS);
    const preview = { width: shown.width, height: shown.height, rgba: shown.takeRgba() };
    shown.free();
    const { width, height, photograph } = picture;
    return { width, height, photograph, preview, notice };
  }

  async ask({ image, question }: Params<"ask">, host: Host): Promise<Result<"ask">> {
    const open = this.#requireImage(image);
    const answer = await open.picture.ask(question, host);
    const { text, marked } = answer;
    const objects = answer.objects().map((object) => this.#keep(open, object));
    answer.free();
    return { text, marked, objects };
  }

  async refine({ image, prompts, ...params }: Params<"refine">, host: Host): Promise<WireObject> {
    const open = this.#requireImage(image);
    const previous = params.previous === null ? undefined : open.objects.get(params.previous);
    return this.#keep(open, await open.picture.refine(prompts, previous?.share(), host));
  }

  /** Works in a worker without a model: a mask may outlive the one that it came from. */
  async encodeMask({ mask, form }: Params<"encodeMask">): Promise<FormOf<MaskForm>> {
    await init();
    return withMask(mask, (made) => made[form]());
  }

  cutout({ image, mask }: Params<"cutout">): Result<"cutout"> {
    const { picture } = this.#requireImage(image);
    return withMask(mask, (made) => picture.cutoutPng(made));
  }

  disposeImage({ image }: Params<"disposeImage">): null {
    const open = this.#images.get(image);
    for (const object of open?.objects.values() ?? []) object.free();
    open?.picture.free();
    this.#images.delete(image);
    return null;
  }

  #keep({ objects }: OpenImage, object: wasm.MaskObject): WireObject {
    const handle = this.#nextHandle++;
    objects.set(handle, object);
    const { score, objectScore } = object;
    const mask = object.mask();
    const { area, box = null } = mask;
    const [rle, outline] = [mask.rle(), mask.svgPath()];
    mask.free();
    return { handle, score, objectScore, area, box, rle, outline };
  }

  #requireModel(): wasm.Model {
    if (this.#model !== null) return this.#model;
    throw new AskmaskError("disposed", "No model is loaded.", "Load one first.");
  }

  #requireImage(image: number): OpenImage {
    const open = this.#images.get(image);
    if (open !== undefined) return open;
    throw new AskmaskError("disposed", "This picture was disposed.", "Set it again.");
  }
}

/** Decodes in wasm, the same everywhere; by the browser only what wasm cannot. */
async function openPicture(
  model: wasm.Model,
  source: ImageSource,
  host: Host,
): Promise<{ picture: wasm.Picture; notice: string | null }> {
  if (source.kind === "rgba") {
    const { data, width, height } = source;
    return { picture: await model.setImageRgba(data, width, height, host), notice: null };
  }
  try {
    return { picture: await model.setImage(source.bytes, host), notice: null };
  } catch (error) {
    const { code, found } = error as { code?: string; found?: string };
    if (code !== "unsupported-image") throw error;
    const pixels = await decodeByBrowser(source.bytes);
    if (pixels === null) throw error;
    const { data, width, height } = pixels;
    const picture = await model.setImageRgba(data, width, height, host);
    return { picture, notice: `Converted by your browser: this is ${found}.` };
  }
}

function withMask<T>(data: MaskData, use: (mask: wasm.Mask) => T): T {
  const mask =
    typeof data === "string"
      ? wasm.Mask.fromRle(data)
      : wasm.Mask.fromPixels(data.pixels, data.width, data.height);
  try {
    return use(mask);
  } finally {
    mask.free();
  }
}

/** A known result, computed once for each model, adapter and build that pass it. */
async function checkOnce(
  model: wasm.Model,
  manifest: string,
  adapter: string,
  store: Store,
  host: Host,
): Promise<void> {
  const what = sha256(JSON.stringify([manifest, adapter, wasm.buildId()]));
  if (await store.remembers(what)) return;
  await model.selfCheck(host);
  await store.remember(what);
}
