/** Manifests, estimates and loading, as the real module has them; no model is behind it. */

import { Sha256 } from "./sha256";

interface FileEntry {
  name: string;
  bytes: number;
  sha256: string;
}

interface Manifest {
  format: string;
  name: string;
  source: string;
  licence: string;
  files: FileEntry[];
}

interface Files {
  readAt(file: string, offset: number, length: number): Uint8Array;
}

const PIECE = 1 << 20;

export function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, hint: "Try something else." });
}

function parse(text: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw coded("integrity", "manifest.json is damaged: no JSON");
  }
  if (manifest.format !== "askmask-model") throw coded("unsupported-model", "unknown format");
  return manifest;
}

export function readManifest(text: string) {
  const { name, source, licence, files } = parse(text);
  return { name, source, licence, files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Reads every file whole, and fails unless each is what the manifest says. */
export function readAll(text: string, files: Files, onBytes: (done: number, total: number) => void) {
  const { bytes: total, files: entries } = readManifest(text);
  let done = 0;
  for (const { name, bytes, sha256 } of entries) {
    const hash = new Sha256();
    for (let at = 0; at < bytes; at += PIECE) {
      const piece = files.readAt(name, at, Math.min(PIECE, bytes - at));
      hash.update(piece);
      done += piece.length;
    }
    if (hash.digest() !== sha256) throw coded("integrity", `${name} is damaged`);
    onBytes(done, total);
  }
}

/** The model's name chooses the verdict: one with "huge" or "tight" in it, or another. */
export function preflight(
  text: string,
  machine: { stored: number; maxTiles: number; lowMemory: boolean },
) {
  const { name, bytes } = readManifest(text);
  const gpu = (tiles: number) => bytes * (machine.lowMemory ? 0.6 : 1) + tiles * 1e6;
  const peak = gpu(machine.maxTiles);
  const verdict = name.includes("huge") ? "does-not-fit" : name.includes("tight") ? "tight" : "fits";
  const reasons = {
    fits: [],
    tight: ["Looking at the picture takes nearly all of the GPU's memory."],
    "does-not-fit": ["The model needs more memory than this GPU has."],
  }[verdict];
  const suggestions = verdict === "fits" ? [] : ["Allow fewer tiles.", "Turn low memory on."];
  const stages = ["load", "encode-image", "think", "mask"].map((stage) => ({
    stage,
    gpu: peak,
    heap: 5e7,
  }));
  const byTiles = [1, 4, 12].map((maxTiles) => ({ maxTiles, peak: gpu(maxTiles), verdict }));
  const download = bytes - machine.stored;
  return { verdict, reasons, suggestions, download, stages, peak, byTiles };
}
