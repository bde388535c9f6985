/** Synchronous reading from blobs: stored files, files in memory, files on disk. */

import type { ModelFiles } from "askmask-wasm";
import { AskmaskError } from "../../errors";

export class BlobFiles implements ModelFiles {
  readonly #reader = new FileReaderSync();

  constructor(private readonly blobs: ReadonlyMap<string, Blob>) {}

  readAt(file: string, offset: number, length: number): Uint8Array {
    const blob = this.blobs.get(file);
    const end = offset + length;
    if (blob === undefined || end > blob.size) {
      const message = `${file} has no bytes ${offset} to ${end}.`;
      throw new AskmaskError("integrity", message, "Delete the model and load it again.");
    }
    try {
      return new Uint8Array(this.#reader.readAsArrayBuffer(blob.slice(offset, end)));
    } catch (cause) {
      const message = `${file} can no longer be read.`;
      throw new AskmaskError("integrity", message, "Load the model again.", { cause });
    }
  }
}
