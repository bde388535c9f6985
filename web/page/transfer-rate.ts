/** How fast something goes, from what was done in the last seconds. */

const WINDOW_MS = 8_000;
/** Before that a rate says nothing. */
const LEAST_MS = 500;

export class TransferRate {
  #readings: { at: number; done: number }[] = [];

  /** Forgets what went before, such as time spent waiting. */
  reset(): void {
    this.#readings = [];
  }

  add(done: number, at: number): void {
    this.#readings.push({ at, done });
    const first = this.#readings.findIndex((reading) => at - reading.at <= WINDOW_MS);
    this.#readings.splice(0, Math.max(0, first - 1));
  }

  /** Units a second; null while unknown. What was there at the start is not counted. */
  get perSecond(): number | null {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < LEAST_MS) return null;
    const rate = ((last.done - first.done) * 1000) / (last.at - first.at);
    return rate > 0 ? rate : null;
  }
}
