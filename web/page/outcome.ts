/** When there is no mask to trust, and what to say then. */

import type { FoundObject } from "../lib";

type Outcome = "nothing-matches" | "empty-mask" | "low-confidence" | "gpu-result-invalid";

interface Explanation {
  title: string;
  text: string;
}

export const EXPLANATIONS: Record<Outcome, Explanation> = {
  "nothing-matches": {
    title: "Nothing matches",
    text: "The model says that nothing in this picture fits the question, so there is no mask. Ask about something you can see, or mark it with Include.",
  },
  "empty-mask": {
    title: "The mask came out empty",
    text: "The model pointed at something, but no pixel passed the threshold. Mark the object with Include or draw a box around it.",
  },
  "low-confidence": {
    title: "Low confidence",
    text: "The model doubts this mask. Take it as a guess: check the edges, refine it with a click, or ask in other words.",
  },
  "gpu-result-invalid": {
    title: "The GPU's result is invalid",
    text: "The numbers that came back cannot be right, so no mask is shown. Try again, or run on the CPU.",
  },
};

/** Below these the model itself tells that it is unsure. */
const LEAST_PRESENCE = 0.5;
const LEAST_SCORE = 0.25;

export function isDoubtful({ score, objectScore }: FoundObject): boolean {
  return objectScore < LEAST_PRESENCE || score < LEAST_SCORE;
}

/** What keeps these objects from being a clear answer, if anything does. */
export function outcomeOf(objects: readonly FoundObject[]): Outcome | null {
  if (objects.length === 0) return "nothing-matches";
  if (objects.every(({ area }) => area === 0)) return "empty-mask";
  return objects.every((object) => object.area === 0 || isDoubtful(object))
    ? "low-confidence"
    : null;
}

/** Predicted IoU as a confidence between 0 and 1. */
export function confidence({ score, objectScore }: FoundObject): number {
  return Math.min(Math.max(score, 0), 1) * Math.min(Math.max(objectScore, 0), 1);
}
