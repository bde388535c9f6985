/** One model being downloaded and made ready, while the page stays usable. */

import { abortable, isAbort, type Progress } from "../../lib";
import type { App } from "../app";
import { type ModelChoice, remember } from "../choice";
import { Observable } from "../observable";

type InstallResult = "ready" | "cancelled" | Error;

export class Install extends Observable {
  choice: ModelChoice | null = null;
  progress: Progress | null = null;
  #abort: AbortController | null = null;

  constructor(private readonly app: App) {
    super();
  }

  async run(choice: ModelChoice): Promise<InstallResult> {
    const abort = new AbortController();
    Object.assign(this, { choice, progress: null });
    this.#abort = abort;
    this.changed();
    const onProgress = (progress: Progress) => {
      this.progress = progress;
      this.changed();
    };
    try {
      const { signal } = abort;
      await abortable(this.app.useModel(choice, { signal, onProgress }), signal);
      // A converted folder has become a model of this browser's.
      remember({ model: this.app.runtime.choice });
      return "ready";
    } catch (error) {
      if (isAbort(error)) return "cancelled";
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      Object.assign(this, { choice: null, progress: null });
      this.changed();
    }
  }

  /** What was downloaded stays. */
  cancel(): void {
    this.#abort?.abort();
  }
}
