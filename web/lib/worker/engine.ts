/** Drives wasm: one model, its pictures and their objects, known by numbers. */

import init, * as wasm from "askmask-wasm";
import { AskmaskError } from "../errors";
import type { MemoryUsage, ModelReport, StoredModel } from "../models";
import type { Box, Loaded, Params, Result, WireObject } from "../protocol";
import { chooseDevice } from "./device";
import type { Host } from "./host";
import { report } from "./report";
import { find, sha256 } from "./shelf";
import { BlobFiles } from "./store/files";
import { Store } from "./store/store";

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
    const found = await find(store, request, host);
    this.#release();
    const { files, unstored, release } = await found.obtain(request.doubted ?? false, host);
    this.#release = release;
    const { maxTiles, lowMemory } = request;
    const options = { device: device.device, maxTiles, lowMemory };
    const { text } = found.manifest;
    const model = await wasm.loadModel(text, new BlobFiles(files), options, host);
    const manifest = sha256(text);
    if (device.device === "gpu") await checkOnce(model, manifest, device.adapter, store, host);
    this.#model = model;
    const notice = unstored && NOTICES[unstored];
    return { device, manifest, notice, kept: store.memory.blobs };
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

  memoryUsage(): MemoryUsage {
    return this.#requireModel().memoryUsage();
  }

  async setImage({ image, source }: Params<"setImage">, host: Host): Promise<Result<"setImage">> {
    const model = this.#requireModel();
    const picture =
      source.kind === "file"
        ? await model.setImage(source.bytes, host)
        : await model.setImageRgba(source.data, source.width, source.height, host);
    this.#images.set(image, { picture, objects: new Map() });
    return { width: picture.width, height: picture.height, rgba: picture.rgba() };
  }

  async ask({ image, question }: Params<"ask">, host: Host): Promise<Result<"ask">> {
    const open = this.#requireImage(image);
    const answer = await open.picture.ask(question, host);
    const objects: WireObject[] = [];
    for (let index = 0; index < answer.length; index++) {
      const object = answer.object(index);
      if (object !== undefined) objects.push(this.#keep(open, object));
    }
    const { text } = answer;
    answer.free();
    return { text, objects };
  }

  async refine(params: Params<"refine">, host: Host): Promise<WireObject> {
    const open = this.#requireImage(params.image);
    const points = new Float32Array(params.points.flatMap(({ x, y, label }) => [x, y, label]));
    const box = new Float32Array(params.box ?? []);
    const previous = params.previous === null ? undefined : open.objects.get(params.previous);
    return this.#keep(open, await open.picture.refine(points, box, previous?.share(), host));
  }

  export({ image, format, mask, width, height }: Params<"export">): Result<"export"> {
    switch (format) {
      case "mask-png":
        return wasm.maskPng(mask, width, height);
      case "rle":
        return wasm.maskRle(mask, width, height);
      case "svg-path":
        return wasm.maskSvgPath(mask, width, height);
      case "cutout-png":
        return this.#requireImage(image).picture.cutoutPng(mask);
    }
  }

  disposeImage({ image }: Params<"disposeImage">): null {
    const open = this.#images.get(image);
    for (const object of open?.objects.values() ?? []) object.free();
    open?.picture.free();
    this.#images.delete(image);
    return null;
  }

  #keep({ picture, objects }: OpenImage, object: wasm.MaskObject): WireObject {
    const handle = this.#nextHandle++;
    objects.set(handle, object);
    const { score, objectScore, area } = object;
    const [x0, y0, x1, y1] = object.box;
    const known = x0 !== undefined && y0 !== undefined && x1 !== undefined && y1 !== undefined;
    const box: Box | null = known ? [x0, y0, x1, y1] : null;
    const mask = object.mask();
    const outline = wasm.maskSvgPath(mask, picture.width, picture.height);
    return { handle, score, objectScore, area, box, mask, outline };
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

/** A known answer, computed once for each model, adapter and build that pass it. */
async function checkOnce(
  model: wasm.Model,
  manifest: string,
  adapter: string,
  store: Store,
  host: Host,
): Promise<void> {
  const what = sha256(JSON.stringify([manifest, adapter, wasm.buildId()]));
  if (await store.remembers(what)) return;
  await model.canary(host);
  await store.remember(what);
}
