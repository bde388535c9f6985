/** What people chose and find again after a reload. Never the picture or a question. */

import type { DeviceChoice, MaxTiles, ModelSource } from "../lib";
import { VIEW_MODES, type ViewMode } from "./types";

/** Which model answers, and how it runs. */
export interface ModelChoice {
  source: ModelSource;
  name: string;
  device: DeviceChoice;
  maxTiles: MaxTiles;
  lowMemory: boolean;
}

export const NANO: ModelChoice = {
  source: { kind: "embedded" },
  name: "nano",
  device: "auto",
  maxTiles: 12,
  lowMemory: false,
};

interface Remembered {
  model: ModelChoice;
  view: ViewMode;
}

/** Raised with the format, so that an older one is ignored instead of misread. */
const KEY = "askmask-choice-1";

export function remember(changes: Partial<Remembered>): void {
  const next = { ...recall(), ...changes };
  // Files that a person picked cannot be kept; the model is chosen again by hand.
  if (next.model.source.kind === "folder") next.model = NANO;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Private windows may refuse; then the choice lasts as long as the page.
  }
}

export function recall(): Remembered {
  try {
    return parse(JSON.parse(localStorage.getItem(KEY) ?? "null"));
  } catch {
    return parse(null);
  }
}

/** Whatever lies in the storage, each value falls back by itself. */
export function parse(stored: unknown): Remembered {
  const { model, view } = record(stored);
  return { model: parseModel(model), view: VIEW_MODES.find((mode) => mode === view) ?? "overlay" };
}

function parseModel(stored: unknown): ModelChoice {
  const { source, name, device, maxTiles, lowMemory } = record(stored);
  const known = parseSource(record(source));
  if (known === null) return NANO;
  return {
    source: known,
    name: typeof name === "string" ? name : NANO.name,
    device: device === "gpu" || device === "cpu" ? device : "auto",
    maxTiles: maxTiles === 1 || maxTiles === 4 ? maxTiles : 12,
    lowMemory: lowMemory === true,
  };
}

function parseSource(stored: Record<string, unknown>): ModelSource | null {
  const { kind, key, url, id, revision, host } = stored;
  const bits = stored.bits === 8 ? { bits: 8 as const } : {};
  if (kind === "embedded") return { kind };
  if (kind === "stored" && typeof key === "string") return { kind, key };
  if (kind === "manifest" && typeof url === "string") return { kind, url, ...bits };
  if (kind !== "hub" || typeof id !== "string" || typeof revision !== "string") return null;
  return { kind, id, revision, host: typeof host === "string" ? host : undefined, ...bits };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
