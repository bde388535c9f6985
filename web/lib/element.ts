/** `<ask-mask src question model>`: a picture, a question, and what is found. */

import { fetchImage } from "./fetch-image";
import { type FoundObject, load, type Model, type Picture } from "./session";

/** A server that renders pages imports this as well, and has no elements. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** One model per source, shared by all elements on a page. */
const models = new Map<string, Promise<Model>>();

function sharedModel(source: string): Promise<Model> {
  const known = models.get(source);
  if (known) return known;
  const loading = load(source);
  models.set(source, loading);
  // The next element tries again.
  loading.catch(() => models.delete(source));
  return loading;
}

/**
 * Shows `src` and outlines what answers `question`, by `model`: what `load` takes as
 * text, the embedded one by default.
 *
 * Fires `progress`, `token`, `result` (detail: the answer) and `error`
 * (detail: the error). Part: `picture`, a canvas of the picture's own size, or of 16,777,216
 * pixels if that is smaller.
 */
export class AskMaskElement extends Base {
  static readonly observedAttributes = ["src", "question", "model"];
  #abort: AbortController | null = null;
  #queued = false;

  connectedCallback(): void {
    this.attributeChangedCallback();
  }

  disconnectedCallback(): void {
    this.#abort?.abort();
  }

  /** Attributes set together lead to one run. */
  attributeChangedCallback(): void {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.isConnected) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const src = this.getAttribute("src");
    const question = this.getAttribute("question");
    if (!src || !question) return;
    try {
      await this.#answer(src, question, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) this.#fire("error", error);
    }
  }

  async #answer(src: string, question: string, signal: AbortSignal): Promise<void> {
    const onProgress = (progress: unknown) => this.#fire("progress", progress);
    const onToken = (text: string) => this.#fire("token", text);
    const model = await sharedModel(this.getAttribute("model") || "nano");
    const picture = await model.setImage(await fetchImage(src, signal), { signal, onProgress });
    try {
      const answer = await picture.ask(question, { signal, onProgress, onToken });
      this.#show(picture, answer.objects);
      this.#fire("result", answer);
    } finally {
      picture.dispose();
    }
  }

  #show({ width, height, preview }: Picture, objects: readonly FoundObject[]): void {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: preview.width, height: preview.height });
    canvas.part.add("picture");
    const context = canvas.getContext("2d");
    context?.putImageData(preview, 0, 0);
    context?.scale(preview.width / width, preview.height / height);
    for (const { outline } of objects) this.#outline(context, new Path2D(outline), width);
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.replaceChildren(canvas);
  }

  #outline(context: CanvasRenderingContext2D | null, path: Path2D, width: number): void {
    if (context === null) return;
    context.fillStyle = "rgb(43 80 216 / 0.45)";
    context.fill(path, "evenodd");
    context.strokeStyle = "#fff";
    context.lineWidth = Math.max(1, width / 300);
    context.stroke(path);
  }

  #fire(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
