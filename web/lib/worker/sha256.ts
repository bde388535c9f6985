/** SHA-256 by wasm, which hashes chunk by chunk. */

import * as wasm from "askmask-wasm";

export function newHash(): wasm.Sha256 {
  return new wasm.Sha256();
}

/** Of a text, as lower-case hex. */
export function sha256(text: string): string {
  const hash = newHash();
  hash.update(new TextEncoder().encode(text));
  const hex = hash.digest();
  hash.free();
  return hex;
}
