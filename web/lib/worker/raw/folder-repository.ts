/** A checkpoint in a folder that a person picked. */

import { AskmaskError } from "../../errors";
import type { Version } from "../store/records";
import { type Repository, type Start, VersionChanged } from "./repository";

export class FolderRepository implements Repository {
  readonly host = null;
  readonly commit = null;
  readonly files: readonly string[];
  readonly name: string;
  readonly source: string;
  /** The same for the same files, as far as their names, sizes and times tell. */
  readonly identity: string;
  readonly #files: ReadonlyMap<string, File>;

  constructor(files: readonly File[]) {
    this.#files = new Map(files.map((file) => [file.name, file]));
    this.files = [...this.#files.keys()].sort();
    const own = files.filter(({ name }) => /\.(?:safetensors|json|txt)$/.test(name));
    const known = own.map(({ name, size, lastModified }) => [name, size, lastModified].join(" "));
    this.identity = known.sort().join("\n");
    // "Sa2VA-1B/config.json" where the browser tells it.
    const [folder = ""] = (files[0]?.webkitRelativePath ?? "").split("/");
    this.name = folder || "Converted model";
    this.source = this.name;
  }

  async small(file: string, limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const found = this.#files.get(file);
    if (found === undefined) return null;
    if (found.size > limit) {
      const message = `${file} has ${found.size} bytes, more than ${limit}.`;
      throw new AskmaskError("unsupported-model", message, "Use the model's own files.");
    }
    return read(found, 0, found.size);
  }

  async start(file: string, limit: number): Promise<Start | null> {
    const found = this.#files.get(file);
    if (found === undefined) return null;
    const bytes = await read(found, 0, limit);
    return { bytes, ...versionOf(found) };
  }

  async read(
    file: string,
    version: Version,
    offset: number,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const found = this.#files.get(file);
    if (found === undefined || found.size !== version.size) throw new VersionChanged(file);
    return read(found, offset, length);
  }

  close(): void {}
}

function versionOf(file: File): Version {
  return { size: file.size, tag: String(file.lastModified) };
}

async function read(file: File, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  } catch (cause) {
    const message = `${file.name} can no longer be read.`;
    throw new AskmaskError("integrity", message, "Choose the folder again.", { cause });
  }
}
