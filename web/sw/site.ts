/** What the build tells the service worker, and what page and service worker say to each other. */

/**
 * `page` is kept as soon as somebody opens it; `program` (wasm) and `model`
 * (the embedded one) only once they were used, because they are large.
 */
export type Group = "page" | "program" | "model";

/** A file of the built site. */
export interface SiteFile {
  /** Relative to the site's folder. */
  path: string;
  /** As in the `integrity` attribute: `sha256-` and base64. */
  integrity: string;
  group: Group;
}

export interface Site {
  /** Changes with any byte of any file. */
  build: string;
  files: SiteFile[];
}

export type ToServiceWorker =
  /** Keep these groups too; none asks what is kept. */
  | { type: "keep"; groups: Group[] }
  /** Take over from the version before. */
  | { type: "activate" };

/** Sent to the port that came with the message. */
export type FromServiceWorker =
  | { type: "kept"; groups: Group[] }
  | { type: "failed"; message: string }
  /** Other tabs still use the version before; how many. */
  | { type: "in-use"; tabs: number }
  | { type: "activating" };
