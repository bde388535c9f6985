/** A conversion as the real module drives one; what it makes of a block is the block's beginning. */

import type {
  ConversionCounts,
  ConversionOptions,
  ConvertedPiece,
  FileEntry,
  FileRange,
  Progress,
  SmallFile,
} from "askmask-wasm";
import { Sha256 } from "./sha256";

const BLOCK = 1 << 18;
const PREFIX = 8;

export const cardBytes = (): number => 1 << 16;
export const headerBytes = (): number => PREFIX;
export const licenceOf = (card: string): string | undefined => /^license: (.+)$/m.exec(card)?.[1];
export const shardNames = (): string[] => [];
export const tokenizerJson = (): Uint8Array => new TextEncoder().encode("{}");

export class Headers {
  readonly files = new Map<string, number>();

  add(file: string, _start: Uint8Array, length: number): void {
    this.files.set(file, length);
  }
  check(): void {}
}

export class RawCheckpoint {
  constructor(
    private readonly config: string,
    private readonly headers: Headers,
  ) {}

  readonly quantized = false;

  copies(): [] {
    return [];
  }
  refuseCopy(): void {}

  conversion(tokenizer: Uint8Array | undefined, options: ConversionOptions): Conversion {
    const encoder = new TextEncoder();
    return new Conversion(this.headers.files, [encoder.encode(this.config), tokenizer ?? new Uint8Array()], options);
  }
  free(): void {}
}

class Conversion {
  readonly #sources: { file: string; length: number }[];
  readonly #files: FileEntry[];
  readonly #others: { entry: FileEntry; bytes: Uint8Array }[];
  #file = 0;
  #block = 0;
  /** Of the file at work. */
  #written: Uint8Array[] = [];

  constructor(
    files: ReadonlyMap<string, number>,
    others: Uint8Array[],
    private readonly options: ConversionOptions,
  ) {
    this.#sources = [...files].map(([file, length]) => ({ file, length: length - PREFIX }));
    this.#others = others.map((bytes, index) => ({ entry: entryOf(index === 0 ? "config.json" : "tokenizer.json", bytes), bytes }));
    this.#files = this.#sources.map(({ length }, index) => ({
      name: `weights-0000${index + 1}.safetensors`,
      bytes: this.#keptOf(length),
      sha256: "0".repeat(64),
    }));
  }

  manifest(): string {
    const { name, source, licence } = this.options;
    const files = [...this.#others.map(({ entry }) => entry), ...this.#files];
    return JSON.stringify({ format: "askmask-model", version: 1, family: "sa2va", name, source, licence, files, tensors: [] });
  }
  finish(): string {
    return this.manifest();
  }

  others(): SmallFile[] {
    return this.#others as SmallFile[];
  }
  file(): FileEntry | undefined {
    return this.#files[this.#file];
  }

  next(): FileRange | undefined {
    const source = this.#sources[this.#file];
    if (source === undefined) return undefined;
    const at = this.#block * BLOCK;
    return { file: source.file, offset: PREFIX + at, length: Math.min(BLOCK, source.length - at) };
  }

  take(block: Uint8Array): ConvertedPiece {
    const bytes = block.slice(0, this.#keptOf(block.length));
    this.#written.push(bytes);
    this.#block++;
    if (this.#block * BLOCK < (this.#sources[this.#file]?.length ?? 0)) return { bytes, end: "block" };
    const file = this.#files[this.#file];
    if (file) file.sha256 = hashOf(this.#written);
    this.#written = [];
    [this.#file, this.#block] = [this.#file + 1, 0];
    return { bytes, end: "file" };
  }

  counts(): ConversionCounts {
    const blocks = this.#sources.map(({ length }) => Math.ceil(length / BLOCK));
    const before = blocks.slice(0, this.#file).reduce((sum, count) => sum + count, 0);
    const lengths = this.#sources.map(({ length }) => length);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const whole = lengths.slice(0, this.#file).reduce((sum, length) => sum + length, 0);
    const layers = blocks.reduce((sum, count) => sum + count, 0);
    return { done: whole + this.#block * BLOCK, total, layersDone: before + this.#block, layers };
  }

  progress(): Progress {
    const finished = this.#files.slice(0, this.#file).map(({ sha256 }) => sha256);
    return { plan: this.#plan, finished, bytes: this.#keptOf(this.#block * BLOCK), sha256: hashOf(this.#written) };
  }
  resume({ plan, finished, bytes }: Progress): boolean {
    if (plan !== this.#plan) return false;
    for (const [index, sha256] of finished.entries()) {
      const file = this.#files[index];
      if (file) file.sha256 = sha256;
    }
    [this.#file, this.#block] = [finished.length, bytes / this.#keptOf(BLOCK)];
    this.#written = [];
    return true;
  }
  rehash(bytes: Uint8Array): void {
    this.#written.push(bytes.slice());
  }
  confirm(): boolean {
    return true;
  }
  free(): void {}

  #keptOf(bytes: number): number {
    return Math.floor((bytes * this.options.bits) / 16);
  }
  get #plan(): string {
    return JSON.stringify([this.#sources, this.options.bits]);
  }
}

function entryOf(name: string, bytes: Uint8Array): FileEntry {
  return { name, bytes: bytes.length, sha256: hashOf([bytes]) };
}

function hashOf(chunks: readonly Uint8Array[]): string {
  const hash = new Sha256();
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}
