/** The wasm module and a model folder in a page, without the worker around them. */
import path from "node:path";
import type * as wasm from "askmask-wasm";
import type { Page } from "@playwright/test";
import { WEB } from "../base";

/** What `start` leaves in the page. */
interface Askmask {
  wasm: typeof wasm;
  manifest: string;
  files: wasm.ModelFiles;
  /** A file of the folder. */
  file(name: string): Uint8Array<ArrayBuffer>;
  /** The bytes of a tensor of expected.safetensors, or null. */
  expected(name: string): Uint8Array<ArrayBuffer> | null;
  /** IoU of each object's mask and the expected one. */
  ious(answer: wasm.Answer): number[];
  /** Hears nothing and stops nothing. */
  host: wasm.HostCallbacks;
}

declare global {
  var askmask: Askmask;
}

/** Serves the built module below `/golden/wasm` and `folder` below `/golden/model`. */
export async function serve(page: Page, folder: string, manifest: string): Promise<void> {
  const name = (url: string) => path.basename(new URL(url).pathname);
  await page.route("**/golden/wasm/*", (route) =>
    route.fulfill({ path: path.join(WEB, "wasm-pkg", name(route.request().url())) }),
  );
  await page.route("**/golden/model/*", (route) => {
    const file = name(route.request().url());
    return file === "manifest.json"
      ? route.fulfill({ body: manifest, contentType: "application/json" })
      : route.fulfill({ path: path.join(folder, file) });
  });
  await page.goto("/");
}

/** Runs in the page: puts the module and these files where later calls find them. */
export async function start(names: string[]): Promise<void> {
  const address = new URL("/golden/wasm/askmask_web.js", location.href).href;
  const module: typeof wasm = await import(/* @vite-ignore */ address);
  await module.default({ module_or_path: "/golden/wasm/askmask_web_bg.wasm" });
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of names) {
    const response = await fetch(`/golden/model/${name}`);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    contents.set(name, new Uint8Array(await response.arrayBuffer()));
  }
  const file = (name: string) => contents.get(name) ?? new Uint8Array();
  const readAt = (name: string, offset: number, length: number) =>
    file(name).slice(offset, offset + length);
  const expected = (name: string) => {
    const tensors = file("expected.safetensors");
    const start = 8 + Number(new DataView(tensors.buffer).getBigUint64(0, true));
    const entry = JSON.parse(new TextDecoder().decode(tensors.subarray(8, start)))[name];
    if (entry === undefined) return null;
    const [first, last] = entry.data_offsets;
    return tensors.slice(start + first, start + last);
  };
  const iou = (found: Uint8Array, truth: Uint8Array) => {
    let [both, either] = [0, 0];
    for (let at = 0; at < truth.length; at++) {
      both += Number(found[at] && truth[at]);
      either += Number(found[at] || truth[at]);
    }
    return both / either;
  };
  const ious = (answer: wasm.Answer) =>
    answer
      .objects()
      .map((object, i) => iou(object.mask().pixels(), expected(`seg${i}_mask`) ?? new Uint8Array()));
  const host = {
    onEvent() {},
    checkpoint: () => new Promise<void>((resolve) => setTimeout(resolve)),
  };
  const manifest = new TextDecoder().decode(file("manifest.json"));
  globalThis.askmask = { wasm: module, manifest, files: { readAt }, file, expected, ious, host };
}
