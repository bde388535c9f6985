/** The wasm boundary as `crate/web` exports it; the build resolves the name. */
declare module "askmask-wasm" {
  export default function init(): Promise<unknown>;

  export interface HostCallbacks {
    onEvent(
      event:
        | {
            type: "progress";
            stage: "load" | "encode-image" | "think" | "mask";
            done: number;
            total?: number;
          }
        | { type: "token"; text: string },
    ): void;
    /** Yields to the event loop; rejects to cancel. */
    checkpoint(): Promise<void>;
  }

  /** Version and hash of this build. */
  export function buildId(): string;

  export class Sha256 {
    constructor();
    update(bytes: Uint8Array): void;
    /** Lower-case hex. */
    digest(): string;
    free(): void;
  }

  /** What a manifest says; throws integrity or unsupported-model. */
  export function readManifest(manifest: string): {
    name: string;
    source: string;
    licence: string;
    bytes: number;
    files: { name: string; bytes: number; sha256: string }[];
  };

  export interface Machine {
    device: "gpu" | "cpu";
    maxBufferSize: number;
    maxStorageBufferBindingSize: number;
    maxBufferBindingsPerStage?: number | undefined;
    /** Bytes that this page may still store, if that is known. */
    storageFree?: number | undefined;
    /** Bytes of this model that are stored already. */
    stored: number;
    /** GPU memory in bytes, if that is known. */
    memory?: number | undefined;
    maxTiles: 1 | 4 | 12;
    lowMemory: boolean;
  }

  export function preflight(manifest: string, machine: Machine): import("../models").Preflight;

  /** Synchronous random access to the model's files, by plain name; throws with a `code`. */
  export interface ModelFiles {
    readAt(file: string, offset: number, length: number): Uint8Array;
  }

  export interface LoadOptions {
    device: "gpu" | "cpu";
    maxTiles?: number | undefined;
    lowMemory?: boolean | undefined;
  }

  export function loadModel(
    manifest: string,
    files: ModelFiles,
    options: LoadOptions,
    host: HostCallbacks,
  ): Promise<Model>;

  export class Model {
    readonly device: string;
    setImage(bytes: Uint8Array, host: HostCallbacks): Promise<Picture>;
    setImageRgba(
      rgba: Uint8Array,
      width: number,
      height: number,
      host: HostCallbacks,
    ): Promise<Picture>;
    /** Computes a known answer; throws gpu-result-invalid when it comes out wrong. */
    canary(host: HostCallbacks): Promise<void>;
    memoryUsage(): import("../models").MemoryUsage;
    free(): void;
  }

  export class Picture {
    readonly width: number;
    readonly height: number;
    rgba(): Uint8Array<ArrayBuffer>;
    ask(question: string, host: HostCallbacks): Promise<Answer>;
    /** Consumes `previous`: pass `object.share()`. */
    refine(
      points: Float32Array,
      box: Float32Array,
      previous: MaskObject | undefined,
      host: HostCallbacks,
    ): Promise<MaskObject>;
    cutoutPng(mask: Uint8Array): Uint8Array<ArrayBuffer>;
    free(): void;
  }

  export class Answer {
    readonly text: string;
    readonly length: number;
    object(index: number): MaskObject | undefined;
    free(): void;
  }

  export class MaskObject {
    readonly score: number;
    readonly objectScore: number;
    readonly area: number;
    readonly box: Float32Array;
    mask(): Uint8Array<ArrayBuffer>;
    share(): MaskObject;
    free(): void;
  }

  export function maskPng(mask: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer>;
  export function maskRle(mask: Uint8Array, width: number, height: number): string;
  export function maskSvgPath(mask: Uint8Array, width: number, height: number): string;
}
