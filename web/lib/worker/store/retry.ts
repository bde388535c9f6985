/** How long to wait for what, and how often to try. */

import type { RetryPolicy } from "../../models";
import { FetchFault } from "./http-faults";

export const DEFAULT_RETRY: RetryPolicy = { idle: 30_000, delay: 500 };

/** Fruitless tries in a row after which a download gives up. */
const TRIES = 6;

const LONGEST_MS = 15_000;

/**
 * Milliseconds before try `failures + 1`: doubling, with up to half of it
 * taken off at random so that many clients do not come back together.
 */
export function backOff(failures: number, first: number, random = Math.random()): number {
  return Math.min(first * 2 ** (failures - 1), LONGEST_MS) * (1 - random / 2);
}

/**
 * `attempt`, again after each fault that may pass. Tries that bring `progress`
 * forward are not fruitless. Gives up with the last fault.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  progress: () => number,
  { retry, signal, onFault }: RetryContext,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    const before = progress();
    try {
      return await attempt();
    } catch (fault) {
      if (!(fault instanceof FetchFault) || !fault.again) throw fault;
      if (progress() > before) failures = 1;
      if (failures >= TRIES) throw fault;
      onFault(fault.message);
      await sleep(Math.max(fault.wait, backOff(failures, retry.delay)), signal);
    }
  }
}

interface RetryContext {
  retry: RetryPolicy;
  signal: AbortSignal;
  /** Told why a try failed that is followed by another. */
  onFault(message: string): void;
}

/** Resolves after a while; rejects at once when the signal fires. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
