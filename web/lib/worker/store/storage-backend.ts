/** Where bytes are kept. The rest of the store does not know which kind it is. */

/** Nothing may be kept here: the quota is used up, or the browser refuses. */
export class StorageRefused extends Error {
  override readonly name = "StorageRefused";
}

/** A file under construction; one at a time holds it. */
export interface Draft {
  /** Bytes held. */
  readonly size: number;
  /** What is held, in order, in chunks; each is valid until the next. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Throws {@link StorageRefused} when there is no room; what was held stays. */
  append(bytes: Uint8Array): Promise<void>;
  /** Drops all but the first `size` bytes. */
  truncate(size: number): Promise<void>;
  /** Makes what is held safe from a crash. */
  flush(): Promise<void>;
  /** The same; not to be used afterwards. */
  close(): Promise<void>;
}

/** Files under plain names, and notes: small texts beside them. */
export interface StorageBackend {
  draft(name: string): Promise<Draft>;
  /** The closed file, or null. Stays readable while the backend keeps it. */
  blob(name: string): Promise<Blob | null>;
  /** Bytes held under this name, closed or not. */
  size(name: string): Promise<number>;
  remove(name: string): Promise<void>;
  /** Gives a closed file another name, in place of what had it. */
  rename(from: string, to: string): Promise<void>;
  files(): Promise<string[]>;

  note(name: string): Promise<string | null>;
  writeNote(name: string, text: string): Promise<void>;
  removeNote(name: string): Promise<void>;
  notes(): Promise<string[]>;
}
