/** SHA-256 of a blob, read in chunks: it may be larger than memory. */

import type { TransferContext } from "./transfer";

const CHUNK = 4 << 20;

/** In lower-case hex; `onBytes` hears how many bytes are hashed. */
export async function blobHash(
  blob: Blob,
  { signal, newHash }: Pick<TransferContext, "signal" | "newHash">,
  onBytes: (hashed: number) => void = () => undefined,
): Promise<string> {
  const hash = newHash();
  try {
    for (let at = 0; at < blob.size; at += CHUNK) {
      signal.throwIfAborted();
      hash.update(new Uint8Array(await blob.slice(at, at + CHUNK).arrayBuffer()));
      onBytes(Math.min(at + CHUNK, blob.size));
    }
    return hash.digest();
  } finally {
    hash.free();
  }
}
