/** The wasm module and a model folder in a page, without the worker around them. */
import path from "node:path";
import type { Page } from "@playwright/test";
import { WEB } from "../base";

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

/** Runs in the page: puts the module and its files where later calls find them. */
export async function start(files: string[]): Promise<void> {
  const address = new URL("/golden/wasm/askmask_web.js", location.href).href;
  const wasm = await import(/* @vite-ignore */ address);
  await wasm.default({ module_or_path: "/golden/wasm/askmask_web_bg.wasm" });
  const contents = new Map<string, Uint8Array>();
  for (const name of files) {
    const response = await fetch(`/golden/model/${name}`);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    contents.set(name, new Uint8Array(await response.arrayBuffer()));
  }
  const readAt = (name: string, offset: number, length: number) =>
    contents.get(name)?.slice(offset, offset + length) ?? new Uint8Array();
  const manifest = new TextDecoder().decode(contents.get("manifest.json"));
  Object.assign(globalThis, { askmask: { wasm, contents, files: { readAt }, manifest } });
}
