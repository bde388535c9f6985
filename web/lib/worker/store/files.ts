/** Synchronous reading from blobs: stored files, files in memory, files on disk. */

import type { ModelFiles } from "askmask-wasm";
import { AskmaskError } from "../../errors";

/**
 * Files of up to so many bytes are read whole and stay: a model is read in hundreds of pieces,
 * some for each word of a question, and each read of a blob takes browsers up to a millisecond.
 */
const KEPT = 16 << 20;

export class BlobFiles implements ModelFiles {
  readonly #reader = new FileReaderSync();
  readonly #kept = new Map<string, Uint8Array>();

  constructor(private readonly blobs: ReadonlyMap<string, Blob>) {}

  readAt(file: string, offset: number, length: number): Uint8Array {
    const blob = this.blobs.get(file);
    const end = offset + length;
    if (blob === undefined || end > blob.size) {
      const message = `${file} has no bytes ${offset} to ${end}.`;
      throw new AskmaskError("integrity", message, "Delete the model and load it again.");
    }
    try {
      if (blob.size > KEPT) return this.#read(blob.slice(offset, end));
      const whole = this.#kept.get(file) ?? this.#read(blob);
      this.#kept.set(file, whole);
      return whole.subarray(offset, end);
    } catch (cause) {
      const message = `${file} can no longer be read.`;
      throw new AskmaskError("integrity", message, "Load the model again.", { cause });
    }
  }

  #read(blob: Blob): Uint8Array {
    return new Uint8Array(this.#reader.readAsArrayBuffer(blob));
  }
}
