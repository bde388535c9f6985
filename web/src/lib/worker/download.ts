/** Fetches a model's files with byte progress, and checks each. */

import { AskmaskError } from "../errors";

/** One entry of a model folder's `files.json`. */
interface FileEntry {
  name: string;
  bytes: number;
  sha256: string;
}

export type ModelFiles = Map<string, Uint8Array<ArrayBuffer>>;

const RETRY = "Check the connection and try again.";
const IDLE_LIMIT_MS = 30_000;

/** All files of the model at `modelUrl`, which ends with a slash. */
export async function downloadModel(
  modelUrl: string,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<ModelFiles> {
  const entries = await listFiles(modelUrl, signal);
  const total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const files: ModelFiles = new Map();
  let before = 0;
  for (const entry of entries) {
    // The hash in the address keeps a cached older file from being used.
    const url = new URL(`${entry.name}?v=${entry.sha256.slice(0, 12)}`, modelUrl);
    const start = before;
    const bytes = await fetchFile(url, entry, (done) => onProgress(start + done, total), signal);
    files.set(entry.name, bytes);
    before += entry.bytes;
  }
  return files;
}

async function listFiles(modelUrl: string, signal: AbortSignal): Promise<FileEntry[]> {
  const response = await request(new URL("files.json", modelUrl), signal, "no-cache");
  try {
    return (await response.json()) as FileEntry[];
  } catch (cause) {
    const message = "The model's file list is not readable.";
    throw new AskmaskError("integrity", message, "Reload the page.", { cause });
  }
}

async function fetchFile(
  url: URL,
  entry: FileEntry,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await request(url, signal, "default");
  const bytes = new Uint8Array(entry.bytes);
  const done = await readInto(bytes, response, entry.name, onProgress);
  if (done !== entry.bytes || !(await hashMatches(bytes, entry.sha256))) {
    const message = `${entry.name} arrived damaged (${done} of ${entry.bytes} bytes).`;
    throw new AskmaskError("integrity", message, "Try again; the file is fetched anew.");
  }
  return bytes;
}

async function readInto(
  bytes: Uint8Array,
  response: Response,
  name: string,
  onProgress: (done: number) => void,
): Promise<number> {
  const reader = response.body?.getReader();
  if (reader === undefined) return 0;
  let done = 0;
  for (;;) {
    const { value } = await beforeIdle(reader, name);
    if (value === undefined) return done;
    if (done + value.length > bytes.length) return done + value.length;
    bytes.set(value, done);
    done += value.length;
    onProgress(done);
  }
}

/** The next piece, or a network error once nothing came for a while. */
async function beforeIdle(reader: ReadableStreamDefaultReader<Uint8Array>, name: string) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const idle = new Promise<never>((_, reject) => {
    const stalled = new AskmaskError("network", `The download of ${name} stalled.`, RETRY);
    timer = setTimeout(() => reject(stalled), IDLE_LIMIT_MS);
  });
  try {
    return await Promise.race([reader.read(), idle]);
  } catch (cause) {
    throw asNetworkError(cause, name);
  } finally {
    clearTimeout(timer);
  }
}

async function request(url: URL, signal: AbortSignal, cache: RequestCache): Promise<Response> {
  const name = url.pathname.split("/").at(-1) ?? url.pathname;
  let response: Response;
  try {
    response = await fetch(url, { signal, cache });
  } catch (cause) {
    throw asNetworkError(cause, name);
  }
  if (response.ok) return response;
  throw new AskmaskError("network", `The server answered ${response.status} for ${name}.`, RETRY);
}

function asNetworkError(cause: unknown, name: string): unknown {
  const known =
    cause instanceof AskmaskError || (cause instanceof Error && cause.name === "AbortError");
  return known
    ? cause
    : new AskmaskError("network", `${name} could not be fetched.`, RETRY, { cause });
}

/** Pages on plain http lack `crypto.subtle`; there the size has to do. */
async function hashMatches(bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<boolean> {
  if (crypto.subtle === undefined) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex === sha256;
}
