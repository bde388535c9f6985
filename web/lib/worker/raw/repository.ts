/** The files of a checkpoint as its publisher saved it, wherever they are. */

import { FetchFault } from "../store/http-faults";
import type { Version } from "../store/records";

/** The first bytes of a file. */
export interface Start extends Version {
  bytes: Uint8Array<ArrayBuffer>;
}

/** A file is another one than before: nothing of it may be joined with what was read. */
export class VersionChanged extends FetchFault {
  constructor(file: string) {
    super(
      `${file} was replaced at its source meanwhile.`,
      "Try again when it is left alone.",
      false,
    );
  }
}

export interface Repository {
  /** What people call the model, and where its weights come from, for its manifest. */
  readonly name: string;
  readonly source: string;
  /** Who serves it; null for files on this computer. */
  readonly host: string | null;
  /** The commit that all files are of, where the host names one. */
  readonly commit: string | null;
  /** Names of all files, where they can be listed. */
  readonly files: readonly string[] | null;
  /** A small file as a whole; null when there is none. Fails when it is larger than `limit`. */
  small(file: string, limit: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** At most `limit` first bytes; null when there is no such file. */
  start(file: string, limit: number): Promise<Start | null>;
  /**
   * Reading at rising places of one file costs one request.
   *
   * @throws {VersionChanged} where the file is no longer of this version.
   */
  read(
    file: string,
    version: Version,
    offset: number,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends what is open. */
  close(): void;
}
