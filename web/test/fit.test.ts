import { describe, expect, it } from "vitest";
import type { PreflightReason, PreflightSuggestion } from "../lib";
import { reasonText, suggestionText } from "../page/models/fit";

const MIB = 2 ** 20;
const MB = 1e6;

describe("whether a model fits", () => {
  it.each<[PreflightReason, string]>([
    [
      { kind: "buffer-limit", has: 64 * MIB, needs: 128 * MIB },
      "The GPU takes buffers of at most 68\u00a0MB, and 135\u00a0MB are needed.",
    ],
    [
      { kind: "binding-limit", has: 4, needs: 6 },
      "A GPU program may use 4 buffers here, and 6 are needed.",
    ],
    [
      { kind: "page-memory", needs: 5121 * MB, limit: 3584 * MIB },
      "The model needs 5.1\u00a0GB, and a page without a GPU can use 3.8\u00a0GB.",
    ],
    [
      { kind: "memory-exceeded", needs: 1920 * MB, has: 900 * MB },
      "The model needs 1.9\u00a0GB, and there are 900\u00a0MB.",
    ],
    [
      { kind: "memory-tight", needs: 1920 * MB, has: 2000 * MB },
      "The model needs 1.9\u00a0GB of 2.0\u00a0GB.",
    ],
    [
      { kind: "memory-unknown", needs: 1920 * MB },
      "The model needs 1.9\u00a0GB of GPU memory, and browsers do not say how much there is.",
    ],
    [
      { kind: "storage", free: 100 * MB, missing: 900 * MB },
      "The browser stores 100\u00a0MB more for this page, and the model has 900\u00a0MB to come: it will be kept until the page is closed.",
    ],
  ])("%j is said", (reason, sentence) => {
    expect(reasonText(reason)).toBe(sentence);
  });

  const now = 1920 * MB;
  it.each<[PreflightSuggestion, string]>([
    [
      { kind: "fewer-tiles", maxTiles: 4, peak: 1600 * MB, now },
      "Try 4 tiles: 1.6\u00a0GB instead of 1.9\u00a0GB.",
    ],
    [
      { kind: "fewer-tiles", maxTiles: 1, peak: 1440 * MB, now },
      "Try 1 tile: 1.4\u00a0GB instead of 1.9\u00a0GB.",
    ],
    [
      { kind: "low-memory", peak: 1470 * MB, now },
      "Try low memory: 1.5\u00a0GB instead of 1.9\u00a0GB.",
    ],
    [
      { kind: "low-memory-one-tile", peak: 990 * MB, now },
      "Try low memory with 1 tile: 990\u00a0MB instead of 1.9\u00a0GB.",
    ],
    [{ kind: "embedded-model" }, "Try the embedded model, which needs no download."],
    [
      { kind: "free-storage" },
      "Free storage in the browser's settings, so that the model is kept.",
    ],
  ])("%j is suggested", (suggestion, sentence) => {
    expect(suggestionText(suggestion)).toBe(sentence);
  });
});
