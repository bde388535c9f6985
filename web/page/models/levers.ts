/** What the preflight says about each lever, in words, and which to begin with. */

import type { MaxTiles, ModelReport } from "../../lib";
import type { ModelChoice } from "../choice";
import { size } from "../words";

export const TILES: readonly MaxTiles[] = [1, 4, 12];

/** The same model as it would run without and with low memory mode. */
export interface Reports {
  normal: ModelReport;
  low: ModelReport;
}

/** The most tiles that fit; else low memory; else the fewest tiles. */
export function bestLevers({ normal, low }: Reports): Pick<ModelChoice, "maxTiles" | "lowMemory"> {
  for (const [report, lowMemory] of [
    [normal, false],
    [low, true],
  ] as const) {
    const fitting = report.preflight.byTiles.filter(({ fit }) => fit === "fits");
    const maxTiles = TILES.findLast((tiles) => fitting.some((entry) => entry.maxTiles === tiles));
    if (maxTiles !== undefined) return { maxTiles, lowMemory };
  }
  return { maxTiles: 1, lowMemory: true };
}

/** "1.90 GB", "3.10 GB, tight", "too large" */
export function tilesCost({ preflight }: ModelReport, tiles: MaxTiles): string {
  const entry = preflight.byTiles.find(({ maxTiles }) => maxTiles === tiles);
  if (entry === undefined) return "";
  if (entry.fit === "does-not-fit") return `${size(entry.peak)}, too large`;
  return entry.fit === "tight" ? `${size(entry.peak)}, tight` : size(entry.peak);
}

export function lowMemoryCost({ normal, low }: Reports): string {
  const [most, least] = [normal.preflight.peak, low.preflight.peak];
  if (least >= most) return "Saves nothing for this model.";
  return `About ${size(least)} at the peak instead of ${size(most)}. Parts of the model are read again for each picture and question, which takes longer.`;
}

/** What the button that starts it all says: bytes, host and licence before anything large. */
export function startLabel(report: ModelReport): string {
  const { name, host, licence, bytes, preflight, conversion } = report;
  if (preflight.download === 0 && conversion === null) return `Use ${name}`;
  const from = host === null ? "" : ` from ${host}`;
  const other = isBegun(report) ? " the other" : "";
  if (conversion === null) {
    return `Download${other} ${size(preflight.download)}${from} (${licence})`;
  }
  const verb = host === null ? "Convert" : "Download";
  return `${verb}${other} ${size(conversion.download)}${from}, keep ${size(bytes)} (${licence})`;
}

/** Whether so much is here that it shows in the size. */
export function isBegun({ bytes, cachedBytes }: ModelReport): boolean {
  return size(bytes - cachedBytes) !== size(bytes);
}
