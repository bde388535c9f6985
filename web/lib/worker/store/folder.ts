/** A model folder that a person picked: read where it lies, checked before use. */

import type { FileEntry } from "askmask-wasm";
import { AskmaskError } from "../../errors";
import { blobHash } from "./blob-hash";
import { MANIFEST } from "./http-faults";
import type { TransferContext } from "./transfer";

/** How the text begins that a clone without Git LFS has in place of a large file. */
const LFS_POINTER = "version https://git-lfs.github.com/spec/";

/** Files by their plain names. */
export class Folder {
  readonly #files: Map<string, File>;

  constructor(files: readonly File[]) {
    this.#files = new Map(files.map((file) => [file.name, file]));
  }

  /** The manifest's text. */
  async manifest(): Promise<string> {
    const file = this.#files.get(MANIFEST);
    if (file === undefined) throw unusable(`${MANIFEST} is missing in this folder.`);
    return file.text();
  }

  /** These files of the manifest, each with the SHA-256 that it names. */
  async checked(files: readonly FileEntry[], context: FolderContext): Promise<Map<string, Blob>> {
    const found = new Map<string, File>();
    for (const entry of files) found.set(entry.name, await this.#find(entry));
    for (const entry of files) await this.#check(entry, context);
    return found;
  }

  async #find({ name, bytes }: FileEntry): Promise<File> {
    const file = this.#files.get(name);
    if (file === undefined) throw unusable(`${name} is missing in this folder.`);
    if (file.size === bytes) return file;
    if ((await file.slice(0, LFS_POINTER.length).text()) === LFS_POINTER) {
      const message = `${name} is a Git LFS pointer, not the file itself.`;
      throw unusable(message, "Run `git lfs pull` in the folder, then open it again.");
    }
    throw unusable(`${name} has ${file.size} bytes instead of ${bytes}.`);
  }

  async #check(entry: FileEntry, context: FolderContext): Promise<void> {
    const file = await this.#find(entry);
    const onBytes = (checked: number) => context.onBytes(entry.name, checked);
    if ((await blobHash(file, context, onBytes)) === entry.sha256) return;
    throw unusable(`${entry.name} is damaged.`);
  }
}

interface FolderContext extends Pick<TransferContext, "signal" | "newHash"> {
  /** Bytes of one file that are checked. */
  onBytes(file: string, checked: number): void;
}

function unusable(message: string, hint = "Copy the folder again, or make it anew."): AskmaskError {
  return new AskmaskError("integrity", message, hint);
}
