/** The library in reach of the tests: calls by plain data, outcomes as plain data. */
import * as askmask from "../../../web/lib";

export interface LoadResult {
  error: { name: string; code: string; message: string; hint: string } | null;
  notice: string | null;
  device: string;
  progress: askmask.Progress[];
}

interface News {
  event: string;
  name: string;
  lowMemory?: boolean;
}

function describe(error: unknown): LoadResult["error"] {
  const { name, message, code = "", hint = "" } = error as askmask.AskmaskError;
  return { name, code, message, hint };
}

export class Harness {
  readonly askmask = askmask;
  /** What the workers did, as the stand-in tells. */
  readonly news: News[] = [];
  progress: askmask.Progress[] = [];
  recoveries: string[] = [];
  model: askmask.Model | null = null;
  objects: askmask.FoundObject[] = [];
  #abort = new AbortController();

  constructor() {
    new BroadcastChannel("stand-in").onmessage = ({ data }) => this.news.push(data);
  }

  async load(
    source: string | askmask.ModelSource,
    options: askmask.LoadOptions = {},
  ): Promise<LoadResult> {
    this.progress = [];
    this.#abort = new AbortController();
    let error: LoadResult["error"] = null;
    try {
      this.model = await askmask.load(source, {
        device: "cpu",
        retry: { idle: 10_000, delay: 20 },
        signal: this.#abort.signal,
        onProgress: (progress) => this.progress.push(progress),
        ...options,
      });
    } catch (fault) {
      error = describe(fault);
    }
    const { notice = null, device = null } = this.model ?? {};
    return { error, notice, device: device?.device ?? "", progress: this.progress };
  }

  /** The picked files as a source. */
  picked(): askmask.ModelSource {
    const input = document.querySelector<HTMLInputElement>("#folder");
    return { kind: "folder", files: [...(input?.files ?? [])] };
  }

  cancel(): void {
    this.#abort.abort();
  }

  /** Asks about a grey picture; the answer's text, or the error. */
  async ask(question: string): Promise<string | LoadResult["error"]> {
    return this.answer(question).then(({ text }) => text, describe);
  }

  /** The same with all that comes with the text. */
  async answer(question: string, traced = false) {
    if (this.model === null) throw new Error("no model is loaded");
    const onRecover = ({ code }: askmask.AskmaskError) => this.recoveries.push(code);
    const trace: object[] = [];
    const onTrace = ({ stage, index, shape, values }: askmask.TraceEvent) =>
      trace.push({ stage, index, shape, values: [...values] });
    const listen = traced ? { onTrace } : {};
    let written = "";
    const onToken = (text: string) => {
      written += text;
    };
    const grey = new ImageData(new Uint8ClampedArray(4 * 64 * 64).fill(128), 64, 64);
    const picture = await this.model.setImage(grey, listen);
    const { text, marked, objects } = await picture.ask(question, { onRecover, onToken, ...listen });
    this.objects = objects;
    return { text, marked, written, trace };
  }

  /** What a mask of the last answer becomes; its pixels come from a worker only once. */
  async maskFiles(which: number) {
    const found = this.objects[which];
    if (found === undefined) throw new Error(`no object ${which} was found`);
    const { mask, area } = found;
    const pixels = await mask.pixels();
    const { type, size } = await mask.toBlob("image/png");
    const refused = await mask.toBlob("image/jpeg").then(() => "", (fault) => fault.code);
    const [rle, path] = [await mask.toRle(), await mask.toSvgPath()];
    return { inside: pixels.filter((value) => value === 1).length, area, type, size, refused, rle, path };
  }

  async delete(key: string): Promise<LoadResult["error"]> {
    return askmask.deleteModel(key).then(() => null, describe);
  }

  dispose(): void {
    this.model?.dispose();
    this.model = null;
  }
}

declare global {
  var harness: Harness;
}

globalThis.harness = new Harness();
