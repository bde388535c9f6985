import { describe, expect, it } from "vitest";
import type { ModelReport, Preflight } from "../lib";
import { bestLevers, lowMemoryCost, startLabel, tilesCost } from "../page/models/levers";

type Fit = Preflight["fit"];

function report(fits: [Fit, Fit, Fit], peak = 3e9): ModelReport {
  const byTiles = [1, 4, 12].map((maxTiles, index) => ({
    maxTiles,
    peak: peak + maxTiles * 1e8,
    fit: fits[index] ?? "fits",
  }));
  const preflight: Preflight = {
    fit: fits[2],
    reasons: [],
    suggestions: [],
    download: 9e8,
    stages: [],
    peak,
    byTiles,
  };
  return {
    name: "Sa2VA-1B",
    source: "ByteDance/Sa2VA-1B",
    licence: "Apache-2.0",
    host: "models.example",
    bytes: 9e8,
    cachedBytes: 0,
    conversion: null,
    adapter: null,
    device: "cpu",
    storage: null,
    preflight,
  };
}

const NO: Fit = "does-not-fit";

describe("levers", () => {
  it.each([
    [["fits", "fits", "fits"], ["fits", "fits", "fits"], 12, false],
    [["fits", "fits", "tight"], ["fits", "fits", "fits"], 4, false],
    [["tight", "tight", NO], ["fits", "fits", "tight"], 4, true],
    [["tight", NO, NO], ["tight", NO, NO], 1, true],
  ] as const)("without %j, low %j: %d tiles, low memory %s", (normal, low, maxTiles, lowMemory) => {
    const reports = { normal: report([...normal]), low: report([...low]) };
    expect(bestLevers(reports)).toEqual({ maxTiles, lowMemory });
  });

  it("says what each costs", () => {
    const normal = report(["fits", "tight", NO]);
    expect(tilesCost(normal, 1)).toBe("3.10\u00a0GB");
    expect(tilesCost(normal, 4)).toBe("3.40\u00a0GB, tight");
    expect(tilesCost(normal, 12)).toBe("4.20\u00a0GB, too large");
    const low = report(["fits", "fits", "fits"], 1.5e9);
    expect(lowMemoryCost({ normal, low })).toContain(
      "1.50\u00a0GB at the peak instead of 3.00\u00a0GB",
    );
    expect(lowMemoryCost({ normal, low: normal })).toBe("Saves nothing for this model.");
  });

  it("names bytes, host and license before a download", () => {
    const fresh = report(["fits", "fits", "fits"]);
    expect(startLabel(fresh)).toBe("Download 900\u00a0MB from models.example (Apache-2.0)");
    const part = { ...fresh, cachedBytes: 3e8, preflight: { ...fresh.preflight, download: 6e8 } };
    expect(startLabel(part)).toBe(
      "Download the other 600\u00a0MB from models.example (Apache-2.0)",
    );
    const whole = { ...fresh, cachedBytes: 9e8, preflight: { ...fresh.preflight, download: 0 } };
    expect(startLabel(whole)).toBe("Use Sa2VA-1B");
  });
});
