import type { Box, FoundObject, Point } from "../lib";

/** A found object as the page shows it. */
export interface Item {
  id: number;
  name: string;
  color: string;
  found: FoundObject;
  /** The clicks and the box that led to this mask. */
  points: readonly Point[];
  box: Box | null;
}

/** Everything that undo takes back. */
export interface Edits {
  question: string;
  /** With `[SEG]` marks. */
  answer: string;
  items: readonly Item[];
  selected: number | null;
}

export const NO_EDITS: Edits = { question: "", answer: "", items: [], selected: null };

export const VIEW_MODES = ["overlay", "mask", "cutout", "original"] as const;
export type ViewMode = (typeof VIEW_MODES)[number];

export type Tool = "move" | "include" | "exclude" | "box";
