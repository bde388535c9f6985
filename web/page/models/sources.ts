/** Turns what people type or pick into a model's source. */

import { AskmaskError, type Bits, hubSource, type ModelSource, parseSource } from "../../lib";

declare const __MODEL_HOSTS__: string[];

/** Hosts that the page's Content-Security-Policy lets models come from. */
export const MODEL_HOSTS: readonly string[] = __MODEL_HOSTS__;

/** `https://*.example.org` also stands for all hosts below `example.org`. */
export function mayReach({ origin, protocol, host }: URL, hosts = MODEL_HOSTS): boolean {
  if (origin === location.origin) return true;
  return hosts.some((allowed) => {
    const [scheme = "", name = ""] = allowed.split("://");
    if (`${scheme}:` !== protocol) return false;
    return name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name;
  });
}

/** Where a source is fetched; null for what comes with the page or lies on this computer. */
function addressOf(source: ModelSource): URL | null {
  if (source.kind === "manifest") return new URL(source.url);
  if (source.kind === "hub" && source.host !== undefined) return new URL(source.host);
  return null;
}

/** The same source, unless this page may not fetch from there. */
function reachable(source: ModelSource): ModelSource {
  const address = addressOf(source);
  if (address === null || mayReach(address)) return source;
  const hosts = MODEL_HOSTS.map((host) => host.replace(/^https?:\/\//, "")).join(", ");
  const others = hosts === "" ? "" : ` and ${hosts}`;
  throw new AskmaskError(
    "network",
    `This page may fetch models from its own address${others}, not from ${address.host}.`,
    "Download the folder and choose it here, or build the page with ASKMASK_MODEL_HOSTS.",
  );
}

export function fromAddress(text: string): ModelSource {
  return reachable(parseSource(text, document.baseURI));
}

export function fromHub(repository: string, revision: string, host: string): ModelSource {
  return reachable(hubSource(repository, revision, host));
}

/** A converted model's folder, or a checkpoint as its publisher saved it. */
export function fromFiles(all: File[]): ModelSource {
  // Some browsers give the files of folders inside too.
  const files = all.filter(({ webkitRelativePath: path = "" }) => path.split("/").length <= 2);
  const names = files.map(({ name }) => name);
  if (names.some((name) => name === "manifest.json" || name === "config.json")) {
    return { kind: "folder", files };
  }
  throw new AskmaskError(
    "unsupported-model",
    "This folder holds no model: neither a manifest.json nor a config.json.",
    "Choose the folder of a repository, or one that was saved here.",
  );
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

/** ", 8 bits" where that was chosen for the conversion. */
function bitsOf({ bits }: { bits?: Bits | undefined }): string {
  return bits === undefined ? "" : `, ${bits} bits`;
}

/** Where a model came from, in a few words. */
export function describeSource(source: ModelSource): string {
  switch (source.kind) {
    case "embedded":
      return "comes with this page";
    case "manifest":
      return `${new URL(source.url).host}${bitsOf(source)}`;
    case "hub":
      return `${source.id}, ${source.revision}${bitsOf(source)}`;
    case "folder":
    case "stored":
      return "a folder on this computer";
  }
}
