/** Waits that end when they are told to. */

import { abortError } from "./errors";

/**
 * What `work` gives, or `AbortError` as soon as the signal fires: also where `work` itself hears no
 * signal. It may still go on then; nobody hears how it ends.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortError());
    const over = () => signal.removeEventListener("abort", stop);
    work.finally(over).then(resolve, reject);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
