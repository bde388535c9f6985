/** Where a model's files are fetched, and the name its source is stored under. */

import type { ModelSource } from "../../models";
import { hubSource, webAddress } from "../../source";
import { MANIFEST } from "./http-faults";

/** A source that is fetched, as opposed to files that are here. */
export type RemoteSource = Exclude<ModelSource, { kind: "folder" | "stored" }>;

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
  const { id, revision, host } = hubSource(source.id, source.revision, source.host);
  const folder = `${host}/${id}/resolve/${encodeURIComponent(revision)}/`;
  return origin(source, `hub ${folder}`, new URL(MANIFEST, folder), true);
}

export function fileAddress({ manifest }: Origin, name: string): URL {
  return new URL(name, manifest);
}

function origin(source: RemoteSource, identity: string, manifest: URL, keep: boolean): Origin {
  return { source, identity, manifest, host: manifest.host, keep };
}
