/** Adds up the bytes of files that arrive side by side, and tells them now and then. */

import type { Hold, Progress } from "../../protocol";

const INTERVAL_MS = 100;

export class Meter {
  readonly #held = new Map<string, number>();
  #told = 0;

  constructor(
    private readonly total: number,
    private readonly tell: (progress: Progress) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Bytes of one file that are here. */
  set(file: string, bytes: number): void {
    this.#held.set(file, bytes);
    const done = this.#sum();
    if (this.now() - this.#told < INTERVAL_MS && done < this.total) return;
    this.#told = this.now();
    this.tell({ stage: "download", done, total: this.total });
  }

  hold(hold: Hold, note: string): void {
    this.tell({ stage: "download", done: this.#sum(), total: this.total, hold, note });
  }

  #sum(): number {
    return [...this.#held.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}
