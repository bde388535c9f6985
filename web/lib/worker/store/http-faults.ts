/** What a server's response means: bytes to use, another try, or a fault with its cause. */

import { AskmaskError } from "../../errors";

/** A fetch that failed. `again` tells whether another try may help. */
export class FetchFault extends AskmaskError {
  constructor(
    message: string,
    hint: string,
    readonly again: boolean,
    /** Milliseconds that the server asks to wait. */
    readonly wait = 0,
    /** Whether the server has no such file. */
    readonly absent = false,
  ) {
    super("network", message, hint);
  }
}

/** What to do with its body. */
export type Use =
  /** It goes on where the held bytes end. */
  | "append"
  /** It is the whole file; the held bytes are dropped. */
  | "replace"
  /** It fits nothing that is held: drop that, and ask for the whole file. */
  | "restart";

export const MANIFEST = "manifest.json";
const MADE_BY =
  "A model folder for the browser, with its manifest.json, is made by askmask quantize.";
export const CONTINUES = "What has arrived is kept; the download goes on from there.";
const LONGEST_WAIT_MS = 60_000;
/** Letters of what a server says. */
const LONGEST_REASON = 300;

/**
 * @param held bytes held already, for which a range was asked
 * @param bytes the whole file's size
 * @param tag the entity tag of the held bytes, if it is known
 */
export function interpret(
  response: Response,
  file: string,
  held: number,
  bytes: number,
  tag: string | null,
): Use {
  if (response.status === 416) {
    if (held > 0) return "restart";
    throw new FetchFault(`The server cannot send ${file} (416).`, CONTINUES, true);
  }
  if (!response.ok) throw refusal(response, file);
  if (isHtml(response)) throw webPage(file);
  if (response.status !== 206) return "replace";
  if (held === 0) throw new FetchFault(`The server sent a part of ${file}.`, CONTINUES, true);
  // A server of another origin may hide both headers; the SHA-256 still decides.
  const range = response.headers.get("Content-Range");
  const current = response.headers.get("ETag");
  const continues = range === null || range === `bytes ${held}-${bytes - 1}/${bytes}`;
  const same = tag === null || current === null || tag === current;
  return continues && same ? "append" : "restart";
}

/** A tag that promises equal bytes; weak ones don't. */
export function strongTag(response: Response): string | null {
  const tag = response.headers.get("ETag");
  return tag?.startsWith('"') ? tag : null;
}

/** The fault that a status other than success means. */
export function refusal(response: Response, file: string): FetchFault {
  const { status } = response;
  const host = new URL(response.url || "http://server/").host;
  const said = `${host} answered ${status} for ${file}`;
  if (status === 401 || status === 403) {
    const hint =
      "The model may be private, or need its license accepted. Download it yourself and open the folder.";
    const why = reason(response) ?? "access is refused.";
    // Storage that lists nothing says so of files that are not there; a hub has its own reason.
    const absent = status === 403 && !response.headers.has("X-Error-Code");
    return new FetchFault(`${said}: ${why}`, hint, false, 0, absent);
  }
  if (status === 404 || status === 410) {
    const hint = `Check the address and the revision. ${file === MANIFEST ? MADE_BY : ""}`.trim();
    const why = reason(response) ?? "there is no such file.";
    return new FetchFault(`${said}: ${why}`, hint, false, 0, true);
  }
  if (status === 429 || status === 503) return later(response, said);
  if (status >= 500 || status === 408) {
    return new FetchFault(`${said}: the server failed.`, `Try again later. ${CONTINUES}`, true);
  }
  return new FetchFault(`${said}.`, "Check the address.", false);
}

/** Why a hub refuses, in its own words. */
function reason(response: Response): string | null {
  const text = response.headers.get("X-Error-Message")?.trim() ?? "";
  return text === "" ? null : `“${text.slice(0, LONGEST_REASON)}”`;
}

function later(response: Response, said: string): FetchFault {
  const why = response.status === 429 ? "too many requests" : "it is busy";
  const wait = retryAfter(response.headers.get("Retry-After"), Date.now());
  const asked = wait > 0 ? ` It asks to wait ${Math.ceil(wait / 1000)} s.` : "";
  const hint = `Try again later. ${CONTINUES}`;
  return new FetchFault(`${said}: ${why}.${asked}`, hint, wait <= LONGEST_WAIT_MS, wait);
}

/** Milliseconds from a `Retry-After` header: seconds, or a date. */
export function retryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : 0;
}

export function isHtml(response: Response): boolean {
  return /^text\/html\b/i.test(response.headers.get("Content-Type") ?? "");
}

export function webPage(file: string): FetchFault {
  const hint = "Check the address; a network that asks you to sign in does this too.";
  return new FetchFault(`A web page came instead of ${file}.`, hint, false, 0, true);
}
