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

  export class Loader {
    constructor(config: string, tokenizer: Uint8Array, device: string);
    addShard(name: string, bytes: Uint8Array): void;
    finish(host: HostCallbacks): Promise<Model>;
    free(): void;
  }

  export class Model {
    readonly device: string;
    setImage(bytes: Uint8Array, host: HostCallbacks): Promise<Picture>;
    setImageRgba(
      rgba: Uint8Array,
      width: number,
      height: number,
      host: HostCallbacks,
    ): Promise<Picture>;
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
