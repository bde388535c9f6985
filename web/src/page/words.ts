/** Words about answers and objects: names, places, sizes. */

import type { Box } from "../lib";
import type { Extent } from "./geometry";

const SEG = "[SEG]";

/** A piece of an answer: text, or the mark of the object with that index. */
export type Piece = { text: string } | { object: number };

/** Splits an answer at its `[SEG]` marks. */
export function pieces(answer: string): Piece[] {
  const parts = answer.split(SEG);
  return parts.flatMap((text, index): Piece[] => {
    const shown = index === 0 ? text.trimStart() : text;
    const before: Piece[] = shown === "" ? [] : [{ text: shown }];
    return index < parts.length - 1 ? [...before, { object: index }] : before;
  });
}

/** The noun phrase right before the object's mark, or a numbered fallback. */
export function objectName(answer: string, index: number): string {
  const before = answer.split(SEG)[index] ?? "";
  const clause = before.split(/[.,;:!?]|\band\b|\bis\b|\bare\b/i).filter((part) => /\w/.test(part));
  const phrase = clause.at(-1)?.trim().split(/\s+/).slice(-4).join(" ") ?? "";
  const noun = phrase
    .replace(/^.*\b(?:the|a|an|this|that)\s+/i, "")
    .replace(/[^\p{L}\p{N} '-]/gu, "");
  if (!answer.includes(SEG) || noun === "") return `Object ${index + 1}`;
  return noun.charAt(0).toUpperCase() + noun.slice(1);
}

/** "top left", "centre", "right": the ninth of the picture the box's centre is in. */
export function place(box: Box, picture: Extent): string {
  const column = third((box[0] + box[2]) / 2, picture.width);
  const row = third((box[1] + box[3]) / 2, picture.height);
  const vertical = ["top", "", "bottom"][row] ?? "";
  const horizontal = ["left", "", "right"][column] ?? "";
  return [vertical, horizontal].filter(Boolean).join(" ") || "center";
}

function third(value: number, size: number): number {
  return Math.min(2, Math.max(0, Math.floor((value / size) * 3)));
}

export function percent(fraction: number): string {
  const value = Math.min(Math.max(fraction, 0), 1) * 100;
  if (value > 0 && value < 1) return "<1%";
  return `${Math.round(value)}%`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
