/** Reads what names a model: a name, an address, or a hub's repository. */

import { AskmaskError } from "./errors";
import type { ModelSource } from "./models";

const HUB = "https://huggingface.co";

const EMBEDDED = "nano";
const REPOSITORY = /^\w[\w.-]*\/\w[\w.-]*$/;
const HINT =
  "Give nano, the address of a model's folder or its manifest.json, or hub:OWNER/NAME@REVISION.";

/**
 * `nano`, the model that comes with the package; `hub:OWNER/NAME@REVISION`, the revision `main` if
 * it is left out, or the address of its page; else the address of a model's folder or of the
 * `manifest.json` in it, whole or relative to `base`.
 *
 * @throws {AskmaskError} `unsupported-model` for anything else.
 */
export function parseSource(text: string, base: string): ModelSource {
  const name = text.trim();
  if (name === EMBEDDED) return { kind: "embedded" };
  const hub = /^hub:([^@]*)(?:@(.*))?$/.exec(name);
  if (hub) return hubSource(hub[1] ?? "", hub[2]);
  if (/^[\w-]+$/.test(name)) throw unusable(`There is no model named ${name}.`);
  const url = webAddress(name, base);
  const page = hubPage(url);
  if (page !== null) return page;
  if (!url.pathname.endsWith(".json")) {
    url.pathname = `${url.pathname.replace(/\/$/, "")}/manifest.json`;
  }
  return { kind: "manifest", url: url.href };
}

/** The repository whose page on the hub this is, as people copy its address. */
function hubPage({ origin, pathname }: URL): ModelSource | null {
  const [, owner, name, view, revision, ...rest] = pathname.replace(/\/$/, "").split("/");
  const isPage = view === undefined || (view === "tree" && rest.length === 0);
  if (origin !== HUB || owner === undefined || name === undefined || !isPage) return null;
  return REPOSITORY.test(`${owner}/${name}`) ? hubSource(`${owner}/${name}`, revision) : null;
}

/**
 * A repository, `main` by default, on a hub, huggingface.co by default.
 *
 * @throws {AskmaskError} `unsupported-model` for what is no repository or no address.
 */
export function hubSource(
  repository: string,
  revision = "",
  host = HUB,
): Extract<ModelSource, { kind: "hub" }> {
  const id = repository.trim();
  if (!REPOSITORY.test(id)) {
    throw unusable(`“${id}” is no repository name: one is owner/name, such as ByteDance/Sa2VA-1B.`);
  }
  const address = webAddress(host.trim()).href.replace(/\/+$/, "");
  return { kind: "hub", id, revision: revision.trim() || "main", host: address };
}

/**
 * An http or https address, relative to `base` if one is given.
 *
 * @throws {AskmaskError} `unsupported-model` for any other text.
 */
export function webAddress(text: string, base?: string): URL {
  const url = text !== "" && URL.canParse(text, base) ? new URL(text, base) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw unusable(
    `“${text}” is no web address: one begins with https:// and leads to a model's folder.`,
  );
}

/** Whether both name the same model at the same place; folders never do. */
export function isSameSource(a: ModelSource, b: ModelSource): boolean {
  if (a.kind === "hub" && b.kind === "hub") {
    const same = a.id === b.id && a.revision === b.revision && a.bits === b.bits;
    return same && (a.host ?? HUB) === (b.host ?? HUB);
  }
  if (a.kind === "manifest" && b.kind === "manifest") return a.url === b.url && a.bits === b.bits;
  if (a.kind === "stored" && b.kind === "stored") return a.key === b.key;
  return a.kind === "embedded" && b.kind === "embedded";
}

function unusable(message: string): AskmaskError {
  return new AskmaskError("unsupported-model", message, HINT);
}
