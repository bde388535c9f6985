import { beforeEach, describe, expect, it, vi } from "vitest";
import { BlobFiles } from "../lib/worker/store/files";

declare global {
  /** Only workers have it. */
  class FileReaderSync {
    readAsArrayBuffer(blob: Blob): ArrayBuffer;
  }
}

/** A blob of which only the size is real: byte n is n modulo 256. */
class Bytes {
  constructor(
    readonly size: number,
    readonly start = 0,
  ) {}
  slice(from: number, to: number): Bytes {
    return new Bytes(to - from, this.start + from);
  }
}

const read = vi.fn(
  ({ size, start }: Bytes) => Uint8Array.from({ length: size }, (_, n) => start + n).buffer,
);

beforeEach(() => {
  read.mockClear();
  vi.stubGlobal(
    "FileReaderSync",
    class {
      readAsArrayBuffer = read;
    },
  );
});

function files(size: number): BlobFiles {
  return new BlobFiles(new Map([["weights", new Bytes(size) as unknown as Blob]]));
}

describe("a model's files", () => {
  it("reads a small one once, whatever is asked of it", () => {
    const small = files(1000);
    expect([...small.readAt("weights", 10, 3)]).toEqual([10, 11, 12]);
    expect([...small.readAt("weights", 998, 2)]).toEqual([230, 231]);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it("reads of a large one what is asked", () => {
    const large = files(17 << 20);
    expect([...large.readAt("weights", 300, 2)]).toEqual([44, 45]);
    expect(read.mock.calls.map(([{ size }]) => size)).toEqual([2]);
  });

  it("names bytes that are not there, and files that are gone", () => {
    expect(() => files(10).readAt("weights", 8, 3)).toThrow("weights has no bytes 8 to 11.");
    expect(() => files(10).readAt("other", 0, 1)).toThrow("other has no bytes 0 to 1.");
    read.mockImplementationOnce(() => {
      throw new DOMException("gone", "NotReadableError");
    });
    expect(() => files(10).readAt("weights", 0, 1)).toThrow("can no longer be read");
  });
});
