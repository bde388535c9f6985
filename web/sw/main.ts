/**
 * The service worker: keeps every file of one build, so that the page starts
 * without a network and never mixes files of two builds.
 *
 * A new build is fetched whole and checked before it may replace this one, and
 * it waits until no tab uses the one before. Stored models are no part of this:
 * they lie in the origin's file system, which is not touched here.
 */

import type { FromServiceWorker, Group, Site, SiteFile, ToServiceWorker } from "./site";

declare const self: ServiceWorkerGlobalScope;
/** Filled in by the build. */
declare const __SITE__: Site;

const site = __SITE__;
const { scope } = self.registration;
/** Several copies of the site may live on one origin. */
const PREFIX = `askmask ${scope} `;
const CACHE = PREFIX + site.build;

const byPath = new Map(site.files.map((file) => [file.path, file]));

/** Names the content, so that the next build takes over what has not changed. */
function keyOf({ path, group, integrity }: SiteFile): string {
  return new URL(`${path}?${group}=${encodeURIComponent(integrity)}`, scope).href;
}

async function olderCaches(): Promise<string[]> {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
}

/** Groups that an earlier build kept: going offline must work as before. */
async function groupsKeptBefore(): Promise<Group[]> {
  const groups: Group[] = ["page"];
  for (const name of await olderCaches()) {
    const keys = await (await caches.open(name)).keys();
    for (const group of ["program", "model"] as const) {
      if (keys.some(({ url }) => new URL(url).searchParams.has(group))) groups.push(group);
    }
  }
  return groups;
}

/** Files on their way to the page that are kept as they come, by their keys. */
const passing = new Map<string, Promise<void>>();

async function keep(groups: readonly Group[]): Promise<void> {
  const cache = await caches.open(CACHE);
  const wanted = site.files.filter(({ group }) => groups.includes(group));
  const store = async (file: SiteFile) => {
    const key = keyOf(file);
    await passing.get(key);
    if (await cache.match(key)) return;
    await cache.put(key, (await caches.match(key)) ?? (await download(file)));
  };
  await Promise.all(wanted.map(store));
}

/** Rejects unless the server has exactly the file that belongs to this build. */
async function download({ path, integrity, group }: SiteFile): Promise<Response> {
  // What the page has just used is in the HTTP cache; the hash tells if it is old.
  const first: RequestCache = group === "page" ? "no-cache" : "force-cache";
  const get = (cache: RequestCache) => fetch(new URL(path, scope), { cache, integrity });
  const response = await get(first).catch(() => get("reload"));
  if (!response.redirected) return response;
  // A navigation must not be answered by a response that was redirected.
  return new Response(response.body, { headers: response.headers });
}

/** Groups of which every file is here. */
async function keptGroups(): Promise<Group[]> {
  const cache = await caches.open(CACHE);
  const present = new Set((await cache.keys()).map(({ url }) => url));
  const missing = site.files.filter((file) => !present.has(keyOf(file)));
  const groups: Group[] = ["page", "program", "model"];
  return groups.filter((group) => missing.every((file) => file.group !== group));
}

async function dropOlder(): Promise<void> {
  for (const name of await olderCaches()) await caches.delete(name);
}

/** The file that this request asks for, if it is one of the site's. */
function fileFor({ method, url, mode }: Request): SiteFile | undefined {
  if (method !== "GET" || !url.startsWith(scope)) return undefined;
  const path = decodeURIComponent(new URL(url).pathname.slice(new URL(scope).pathname.length));
  return byPath.get(mode === "navigate" && path === "" ? "index.html" : path);
}

/** What is not kept yet is fetched once: the page gets it as it comes, and a copy stays here. */
async function serve(event: FetchEvent, file: SiteFile): Promise<Response> {
  const key = keyOf(file);
  const kept = await (await caches.open(CACHE)).match(key);
  if (kept) return kept;
  const response = await fetch(event.request);
  if (response.status === 200 && !passing.has(key)) {
    const copy = keepCopy(file, response.clone()).finally(() => passing.delete(key));
    passing.set(key, copy);
    event.waitUntil(copy);
  }
  return response;
}

/** Keeps a response if it is the file that belongs to this build. */
async function keepCopy(file: SiteFile, response: Response): Promise<void> {
  try {
    const bytes = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    if (`sha256-${btoa(String.fromCharCode(...digest))}` !== file.integrity) return;
    // WebAssembly is compiled as it comes only where its type is told.
    const headers = { "Content-Type": response.headers.get("Content-Type") ?? "" };
    await (await caches.open(CACHE)).put(keyOf(file), new Response(bytes, { headers }));
  } catch {
    // The page stopped it, or there is no room; it is fetched again when it is to be kept.
  }
}

/** Takes over at once if the asking tab is the only one. */
async function activate(): Promise<FromServiceWorker> {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const tabs = windows.filter(({ url }) => url.startsWith(scope)).length;
  if (tabs > 1) return { type: "in-use", tabs };
  await self.skipWaiting();
  return { type: "activating" };
}

async function respond(message: ToServiceWorker): Promise<FromServiceWorker> {
  if (message.type === "activate") return activate();
  try {
    // A first visit began without this worker; what it fetches from now on goes through here.
    await self.clients.claim();
    await keep(message.groups);
    return { type: "kept", groups: await keptGroups() };
  } catch (error) {
    return { type: "failed", message: String(error) };
  }
}

self.addEventListener("install", (event) => {
  event.waitUntil(groupsKeptBefore().then(keep));
});

self.addEventListener("activate", (event) => event.waitUntil(dropOlder()));

self.addEventListener("fetch", (event) => {
  const file = fileFor(event.request);
  if (file !== undefined) event.respondWith(serve(event, file));
});

self.addEventListener("message", (event) => {
  const [port] = event.ports;
  const reply = async () => port?.postMessage(await respond(event.data as ToServiceWorker));
  event.waitUntil(reply());
});
