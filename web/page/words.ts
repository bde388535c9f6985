/** Words about answers and objects: names, places, sizes. */

import type { Box } from "../lib";
import type { Extent } from "./geometry";

const SEG = "[SEG]";

/** Text of an answer, or the mark of the object with that index. */
type TextOrMark = { text: string } | { object: number };

/** Splits an answer at its `[SEG]` marks. */
export function splitAtMarks(answer: string): TextOrMark[] {
  const texts = answer.split(SEG);
  return texts.flatMap((text, index): TextOrMark[] => {
    const shown = index === 0 ? text.trimStart() : text;
    const before: TextOrMark[] = shown === "" ? [] : [{ text: shown }];
    return index < texts.length - 1 ? [...before, { object: index }] : before;
  });
}

/** What the object's mark stands for: "the red ball [SEG]", "It is the dog. [SEG]", "The coffee
 * wakes you up. [SEG]"; else a numbered fallback. */
export function objectName(answer: string, index: number): string {
  const before = (answer.split(SEG)[index] ?? "").trim();
  const sentence =
    before
      .split(/[.!?]+\s*/)
      .filter((words) => /\w/.test(words))
      .at(-1) ?? "";
  const told = /[.!?]$/.test(before) && !/\b(?:is|are)\s+(?:the|an?)\s/i.test(sentence);
  const noun = (told ? subject(sentence) : lastNoun(sentence)).replace(/[^\p{L}\p{N} '-]/gu, "");
  if (!answer.includes(SEG) || noun === "") return `Object ${index + 1}`;
  return noun.charAt(0).toUpperCase() + noun.slice(1);
}

/** The noun phrase that a clause ends with. */
function lastNoun(sentence: string): string {
  const clauses = sentence
    .split(/[,;:]|\band\b|\bis\b|\bare\b/i)
    .filter((words) => /\w/.test(words));
  const phrase = clauses.at(-1)?.trim().split(/\s+/).slice(-4).join(" ") ?? "";
  return phrase.replace(/^.*\b(?:the|a|an|this|that)\s+/i, "");
}

/** The words after a sentence's article up to what looks like its verb. */
function subject(sentence: string): string {
  const words = sentence.replace(/^.*?\b(?:the|an?)\s+/i, "").split(/\s+/);
  const verb = words.findIndex((word, at) => at > 0 && /^(?:are|have|can|.*s)$/i.test(word));
  return words.slice(0, verb > 0 ? Math.min(verb, 3) : 1).join(" ");
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

/** Bytes in powers of a thousand, as shops and browsers count them; the unit stays on the line. */
export function size(bytes: number): string {
  if (bytes >= 999.5e6) return `${(bytes / 1e9).toFixed(2)}\u00a0GB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)}\u00a0MB`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Why a picture that was dragged from another site is not opened. */
export function elsewhere(host: string): string {
  return `This page may not read pictures from ${host}.`;
}

/** What to do with a picture that the page cannot fetch. */
export const DROP_HINT =
  "Save the picture and open the file, or copy the picture itself and paste it here.";
