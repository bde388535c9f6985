/** How long each stage took, from the progress that passes by. */

import type { Progress, Stage } from "../lib";

export class Timings {
  #spent: Partial<Record<Stage, number>> = {};
  #running: { stage: Stage; since: number } | null = null;

  /** Whole milliseconds of each stage when it ran last. */
  get milliseconds(): Partial<Record<Stage, number>> {
    return this.#spent;
  }

  progress({ stage }: Progress, now: number): void {
    if (this.#running?.stage === stage) return;
    this.end(now);
    this.#running = { stage, since: now };
  }

  end(now: number): void {
    if (this.#running === null) return;
    const { stage, since } = this.#running;
    this.#spent = { ...this.#spent, [stage]: Math.round(now - since) };
    this.#running = null;
  }
}
