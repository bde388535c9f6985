/** Where a model's files are fetched, and the name its source is stored under. */

import { AskmaskError } from "../../errors";
import type { ModelSource } from "../../models";
import { MANIFEST } from "./answers";

const HUB = "https://huggingface.co";

/** A source that is fetched, as opposed to a folder of files. */
export type RemoteSource = Exclude<ModelSource, { kind: "folder" }>;

export interface Origin {
  source: RemoteSource;
  /** The same for the same source; two sources differ. */
  identity: string;
  manifest: URL;
  host: string;
  /**
   * Whether to store it. The embedded model belongs to the site: the browser's
   * cache and the site's service worker keep it.
   */
  keep: boolean;
}

/** `embedded` is the address of the embedded model's manifest. */
export function originOf(source: RemoteSource, embedded: string): Origin {
  if (source.kind === "embedded") return origin(source, "embedded", new URL(embedded), false);
  if (source.kind === "manifest") {
    const url = webAddress(source.url);
    return origin(source, `manifest ${url.href}`, url, true);
  }
  const { id, revision, host = HUB } = source;
  if (!/^\w[\w.-]*(\/\w[\w.-]*)+$/.test(id) || revision.trim() === "") {
    throw new AskmaskError("unsupported-model", `${id} is no repository name.`, HUB_HINT);
  }
  const base = webAddress(host).href.replace(/\/+$/, "");
  const folder = `${base}/${id}/resolve/${encodeURIComponent(revision)}/`;
  return origin(source, `hub ${folder}`, new URL(MANIFEST, folder), true);
}

export function fileAddress({ manifest }: Origin, name: string): URL {
  return new URL(name, manifest);
}

function origin(source: RemoteSource, identity: string, manifest: URL, keep: boolean): Origin {
  return { source, identity, manifest, host: manifest.host, keep };
}

function webAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  const hint = "Give the whole address of a manifest.json, with https://.";
  throw new AskmaskError("unsupported-model", `“${text}” is no web address.`, hint);
}

const HUB_HINT = "Give it as owner/name with a revision, such as ByteDance/Sa2VA-1B and main.";
