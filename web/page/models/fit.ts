/** Whether a model fits this device, in words for people. */

import type { Fit, PreflightReason, PreflightSuggestion } from "../../lib";

export const FIT_TITLES: Record<Fit, string> = {
  fits: "Fits this device",
  tight: "Tight on this device",
  "does-not-fit": "Does not fit this device",
};

/** Why a model does not fit, or only just. */
export function reasonText(reason: PreflightReason): string {
  switch (reason.kind) {
    case "buffer-limit":
      return `The GPU takes buffers of at most ${about(reason.has)}, and ${about(reason.needs)} are needed.`;
    case "binding-limit":
      return `A GPU program may use ${reason.has} buffers here, and ${reason.needs} are needed.`;
    case "page-memory":
      return `The model needs ${about(reason.needs)}, and a page without a GPU can use ${about(reason.limit)}.`;
    case "memory-exceeded":
      return `The model needs ${about(reason.needs)}, and there are ${about(reason.has)}.`;
    case "memory-tight":
      return `The model needs ${about(reason.needs)} of ${about(reason.has)}.`;
    case "memory-unknown":
      return `The model needs ${about(reason.needs)} of GPU memory, and browsers do not say how much there is.`;
    case "storage":
      return `The browser stores ${about(reason.free)} more for this page, and the model has ${about(reason.missing)} to come: it will be kept until the page is closed.`;
  }
}

/** What would make it fit better. */
export function suggestionText(suggestion: PreflightSuggestion): string {
  switch (suggestion.kind) {
    case "free-storage":
      return "Free storage in the browser's settings, so that the model is kept.";
    case "embedded-model":
      return "Try the embedded model, which needs no download.";
    case "fewer-tiles": {
      const { maxTiles } = suggestion;
      return saving(`Try ${maxTiles} tile${maxTiles === 1 ? "" : "s"}`, suggestion);
    }
    case "low-memory":
      return saving("Try low memory", suggestion);
    case "low-memory-one-tile":
      return saving("Try low memory with 1 tile", suggestion);
  }
}

function saving(change: string, { peak, now }: { peak: number; now: number }): string {
  return `${change}: ${about(peak)} instead of ${about(now)}.`;
}

/** Bytes with as few digits as an estimate deserves, whole megabytes rounded up. */
function about(bytes: number): string {
  if (bytes < 1e9) return `${Math.ceil(bytes / 1e6)}\u00a0MB`;
  return `${(bytes / 1e9).toFixed(1)}\u00a0GB`;
}
