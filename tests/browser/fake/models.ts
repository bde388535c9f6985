/** Manifests, estimates and loading, as the real module has them; no model is behind it. */

import type {
  FileEntry,
  Fit,
  Machine,
  ManifestSummary,
  ModelFiles,
  Preflight,
  PreflightReason,
  PreflightSuggestion,
  Stage,
} from "askmask-wasm";
import { Sha256 } from "./sha256";

interface Manifest {
  format: string;
  name: string;
  source: string;
  licence: string;
  files: FileEntry[];
}

const CHUNK = 1 << 20;

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

export function readManifest(text: string): ManifestSummary {
  const { name, source, licence, files } = parse(text);
  return { name, source, licence, files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Reads every file whole, and fails unless each is what the manifest says. */
export function readAll(text: string, files: ModelFiles, onBytes: (done: number, total: number) => void) {
  const { bytes: total, files: entries } = readManifest(text);
  let done = 0;
  for (const { name, bytes, sha256 } of entries) {
    const hash = new Sha256();
    for (let at = 0; at < bytes; at += CHUNK) {
      const chunk = files.readAt(name, at, Math.min(CHUNK, bytes - at));
      hash.update(chunk);
      done += chunk.length;
    }
    if (hash.digest() !== sha256) throw coded("integrity", `${name} is damaged`);
    onBytes(done, total);
  }
}

/** The model's name chooses the fit: one with "huge" or "tight" in it, or another. */
export function preflight(text: string, config: string, machine: Machine): Preflight {
  JSON.parse(config);
  const { name, bytes } = readManifest(text);
  const gpu = (tiles: number) => bytes * (machine.lowMemory ? 0.6 : 1) + tiles * 1e6;
  const peak = gpu(machine.maxTiles);
  const fit: Fit = name.includes("huge") ? "does-not-fit" : name.includes("tight") ? "tight" : "fits";
  const reasons: Record<Fit, PreflightReason[]> = {
    fits: [],
    tight: [{ kind: "memory-tight", needs: peak, has: 1.1 * peak }],
    "does-not-fit": [{ kind: "memory-exceeded", needs: peak, has: 2e6 }],
  };
  const suggestions: PreflightSuggestion[] = [
    { kind: "fewer-tiles", maxTiles: 1, peak: 0.8 * peak, now: peak },
    { kind: "low-memory", peak: 0.5 * peak, now: peak },
  ];
  const stages: Stage[] = ["load", "encode-image", "think", "mask"];
  return {
    fit,
    reasons: reasons[fit],
    suggestions: fit === "fits" ? [] : suggestions,
    download: bytes - machine.stored,
    stages: stages.map((stage) => ({ stage, gpu: peak, heap: 5e7 })),
    peak,
    byTiles: [1, 4, 12].map((maxTiles) => ({ maxTiles, peak: gpu(maxTiles), fit })),
  };
}
