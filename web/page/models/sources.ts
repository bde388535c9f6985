/** Turns what people type or pick into a model's source. */

import type { ModelSource } from "../../lib";

declare const __MODEL_HOSTS__: string[];

/** Hosts that the page's Content-Security-Policy lets models come from. */
export const MODEL_HOSTS: readonly string[] = __MODEL_HOSTS__;

/** What is wrong with an entry, in words for the person who made it. */
export class EntryError extends Error {}

/** `https://*.example.org` also stands for all hosts below `example.org`. */
export function mayReach({ origin, protocol, host }: URL, hosts = MODEL_HOSTS): boolean {
  if (origin === location.origin) return true;
  return hosts.some((allowed) => {
    const [scheme = "", name = ""] = allowed.split("://");
    if (`${scheme}:` !== protocol) return false;
    return name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name;
  });
}

function requireReachable(url: URL): void {
  if (mayReach(url)) return;
  const hosts = MODEL_HOSTS.map((host) => host.replace(/^https?:\/\//, "")).join(", ");
  const others = hosts === "" ? "" : ` and ${hosts}`;
  throw new EntryError(
    `This page may fetch models from its own address${others}, not from ${url.host}. ` +
      "Download the folder and choose it here, or build the page with ASKMASK_MODEL_HOSTS.",
  );
}

/** The address of a manifest.json, or of the folder that holds it. */
export function fromAddress(text: string): ModelSource {
  const url = parseUrl(text.trim(), document.baseURI);
  if (!url.pathname.endsWith(".json")) {
    url.pathname = `${url.pathname.replace(/\/$/, "")}/manifest.json`;
  }
  requireReachable(url);
  return { kind: "manifest", url: url.href };
}

export function fromHub(id: string, revision: string, host: string): ModelSource {
  const name = id.trim();
  if (!/^[\w.-]+\/[\w.-]+$/.test(name)) {
    throw new EntryError("A repository is named owner/name, such as somebody/Sa2VA-1B-askmask.");
  }
  const url = parseUrl(host.trim());
  requireReachable(url);
  return {
    kind: "hub",
    id: name,
    revision: revision.trim() || "main",
    host: url.href.replace(/\/$/, ""),
  };
}

export function fromFiles(files: File[]): ModelSource {
  if (files.some(({ name }) => name === "manifest.json")) return { kind: "folder", files };
  const raw = files.some(({ name }) => /\.(safetensors|bin|pt)$/.test(name));
  throw new EntryError(
    raw
      ? "This folder holds a model in its publisher's format. Convert it first: askmask quantize FOLDER NEW_FOLDER."
      : "There is no manifest.json in this folder. Choose the folder that askmask quantize wrote.",
  );
}

function parseUrl(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  if (text !== "" && url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new EntryError("An address begins with https:// and leads to a manifest.json.");
}

/** Not in every browser; the others have an `<input webkitdirectory>`. */
interface DirectoryPicker {
  showDirectoryPicker(): Promise<{
    values(): AsyncIterable<FileSystemFileHandle | { kind: "directory" }>;
  }>;
}

export function hasPicker(scope: object): scope is DirectoryPicker {
  return "showDirectoryPicker" in scope;
}

/** The files of a folder that the person picks, without those of folders inside. */
export async function pickFolder(scope: DirectoryPicker): Promise<File[]> {
  const folder = await scope.showDirectoryPicker();
  const files: File[] = [];
  for await (const entry of folder.values()) {
    if (entry.kind === "file") files.push(await entry.getFile());
  }
  return files;
}

/** Where a model came from, in a few words. */
export function describeSource(source: ModelSource): string {
  switch (source.kind) {
    case "embedded":
      return "comes with this page";
    case "manifest":
      return new URL(source.url).host;
    case "hub":
      return `${source.id}, ${source.revision}`;
    case "folder":
      return "a folder on this computer";
  }
}
