/** How fast something goes, from what was done in the last seconds. */

const WINDOW_MS = 8_000;
/** Before that a rate says nothing. */
const LEAST_MS = 500;

export class Meter {
  #samples: { at: number; done: number }[] = [];

  /** Forgets what went before, such as time spent waiting. */
  reset(): void {
    this.#samples = [];
  }

  add(done: number, at: number): void {
    this.#samples.push({ at, done });
    const first = this.#samples.findIndex((sample) => at - sample.at <= WINDOW_MS);
    this.#samples.splice(0, Math.max(0, first - 1));
  }

  /** Units a second; null while unknown. What was there at the start is not counted. */
  get rate(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < LEAST_MS) return null;
    const rate = ((last.done - first.done) * 1000) / (last.at - first.at);
    return rate > 0 ? rate : null;
  }
}
