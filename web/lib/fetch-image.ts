/** A picture at an address, as its file. */

import { AskmaskError } from "./errors";

const HINT = "Check the address. A picture of another site can be saved and opened as a file.";

/**
 * The file at `address`, relative to the page.
 *
 * @throws {AskmaskError} `network`, with the server's status if it gave one. A cancelled call
 * rejects with `AbortError`.
 */
export async function fetchImage(address: string, signal: AbortSignal): Promise<Blob> {
  const response = await fetch(address, { signal, referrerPolicy: "no-referrer" }).catch(
    (cause) => {
      signal.throwIfAborted();
      const message = `${shortened(address)} cannot be reached, or may not be read from here.`;
      throw new AskmaskError("network", message, HINT, { cause });
    },
  );
  if (response.ok) return response.blob();
  const status = `${response.status} ${response.statusText}`.trim();
  throw new AskmaskError("network", `The server answered ${status} for ${address}.`, HINT);
}

/** An address may hold a whole picture. */
function shortened(address: string): string {
  return address.length > 200 ? `${address.slice(0, 200)}…` : address;
}
