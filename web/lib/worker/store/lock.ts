/**
 * One tab at a time does what would disturb the others. Tabs that end let go.
 * Only for what is on disk: where that is refused, locks may be too.
 */

const STILL_WAITING_MS = 1_000;
const TRY_AGAIN_MS = 100;

/** Runs `job` alone under this name; `onWait` is called each second until its turn. */
export async function exclusively<T>(
  name: string,
  signal: AbortSignal,
  onWait: () => void,
  job: () => Promise<T>,
): Promise<T> {
  const held = await navigator.locks.query();
  const taken = held.held?.some((lock) => lock.name === name) ?? false;
  if (taken) onWait();
  const waiting = setInterval(onWait, STILL_WAITING_MS);
  try {
    return await navigator.locks.request(name, { signal }, () => {
      clearInterval(waiting);
      return job();
    });
  } finally {
    clearInterval(waiting);
  }
}

/** Holds `name` together with others until the returned function is called. */
export async function share(name: string, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const options = { mode: "shared", signal } as const;
    const hold = () => new Promise<void>((release) => resolve(release));
    navigator.locks.request(name, options, hold).catch(reject);
  });
}

/** Runs `job` while nobody shares `name`; false if after some tries somebody still does. */
export async function unshared(
  name: string,
  tries: number,
  job: () => Promise<void>,
): Promise<boolean> {
  for (let left = tries; left > 0; left--) {
    const free = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await job();
      return lock !== null;
    });
    if (free) return true;
    // A worker that was ended a moment ago still counts.
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
  return false;
}
