/** Adds up the bytes of files that arrive side by side, and tells them now and then. */

import type { Hold, Progress } from "../../protocol";

const INTERVAL_MS = 100;

export class DownloadProgress {
  readonly #held = new Map<string, number>();
  #layers: Progress["layers"];
  #told = Number.NEGATIVE_INFINITY;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly total: number,
    private readonly tell: (progress: Progress) => void,
  ) {}

  /** A file that was here before. That is told beside a download only, it is none by itself. */
  here(file: string, bytes: number): void {
    if (this.#told > 0) this.set(file, bytes);
    else this.#held.set(file, bytes);
  }

  /** Bytes of one file that are here. Told within INTERVAL_MS, even if nothing follows. */
  set(file: string, bytes: number): void {
    this.#held.set(file, bytes);
    const wait = this.#sum() < this.total ? this.#told + INTERVAL_MS - performance.now() : 0;
    if (wait <= 0) this.#tellNow();
    else this.#later ??= setTimeout(() => this.#tellNow(), wait);
  }

  /** Bytes of a source that is converted as it comes, and its layers. */
  convert(file: string, bytes: number, layers: { done: number; total: number }): void {
    this.#layers = layers;
    this.set(file, bytes);
  }

  /** Tells nothing more of what was set. */
  end(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
  }

  #tellNow(): void {
    this.end();
    this.#told = performance.now();
    this.tell(this.#now());
  }

  hold(hold: Hold, note: string): void {
    this.tell({ ...this.#now(), hold, note });
  }

  #now(): Progress {
    const layers = this.#layers && { layers: this.#layers };
    return { stage: "download", done: this.#sum(), total: this.total, ...layers };
  }

  #sum(): number {
    return [...this.#held.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}
