/** What nano knows, shown where it found nothing, so that a person can tell why. */

import { make } from "./dom";

let names: readonly string[] = [];

/** Fetches the names; without them nothing is shown. */
export async function loadKnown(): Promise<void> {
  const response = await fetch(new URL("samples/objects.json", document.baseURI));
  if (response.ok) names = await response.json();
}

/** The names behind a line that opens. */
export function knownObjects(): Node[] {
  if (names.length === 0) return [];
  const summary = make("summary", {}, `The ${names.length} things that nano knows`);
  return [make("details", { className: "guide" }, summary, make("p", {}, names.join(", ")))];
}
