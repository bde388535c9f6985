/** The page's state and every action on it. Views listen and redraw. */

import {
  AskmaskError,
  abortable,
  type Box,
  type FoundObject,
  isAbort,
  type Model,
  type Options,
  type Picture,
  type Point,
  type Progress,
} from "../lib";
import type { ModelChoice } from "./choice";
import { History } from "./history";
import { Observable } from "./observable";
import { isDoubtful, outcomeOf } from "./outcome";
import { colorOf } from "./palette";
import type { Runtime } from "./runtime";
import { Timings } from "./timings";
import { type Edits, type Item, NO_EDITS, type Tool, type ViewMode } from "./types";
import { objectName, percent, place, plural } from "./words";

/** A picture to open: a file, or a sample that is fetched when needed. */
export interface Offer {
  name: string;
  alt: string;
  /** Shown at once, before the picture is decoded. */
  previewUrl: string;
  read: (signal: AbortSignal) => Promise<Blob>;
}

type Busy = "picture" | "ask" | "refine";

interface Pending {
  points: readonly Point[];
  box: Box | null;
}

/** A box without a pixel inside says nothing. */
function isThin([x0, y0, x1, y1]: Box): boolean {
  return x1 - x0 < 1 || y1 - y0 < 1;
}

export class App extends Observable {
  picture: Picture | null = null;
  /** What is shown or about to be; its picture may not be decoded yet. */
  offer: Offer | null = null;
  /** What the current picture came from. */
  opened: Offer | null = null;
  busy: Busy | null = null;
  progress: Progress | null = null;
  /** The answer as far as it is written; null when none is being written. */
  streamed: string | null = null;
  asking = "";
  error: Error | null = null;
  mode: ViewMode = "overlay";
  opacity = 0.55;
  tool: Tool = "move";
  hidden: ReadonlySet<number> = new Set();
  pending: Pending | null = null;
  /** Codes of the GPU failures that a fresh start has mended. */
  recoveries: readonly string[] = [];
  /** Whether the work under way, or the last one, had to start over. */
  recovered = false;
  /** The last error's code. */
  lastError: string | null = null;
  readonly timings = new Timings();
  #history = new History<Edits>(NO_EDITS);
  /** Hears what a screen reader should say. */
  onAnnounce: (text: string) => void = () => undefined;
  #abort: AbortController | null = null;
  #nextId = 0;
  #retry: (() => void) | null = null;
  /** The model that has seen the current picture. */
  #seenBy: Model | null = null;

  constructor(readonly runtime: Runtime) {
    super();
    runtime.onRelease = () => this.stop();
  }

  get edits(): Edits {
    return this.#history.state;
  }

  get undoLabel(): string | null {
    return this.#history.undoLabel;
  }

  get redoLabel(): string | null {
    return this.#history.redoLabel;
  }

  get selected(): Item | null {
    return this.edits.items.find(({ id }) => id === this.edits.selected) ?? null;
  }

  get visible(): Item[] {
    return this.edits.items.filter(({ id, found }) => found.area > 0 && !this.hidden.has(id));
  }

  announce(text: string): void {
    this.onAnnounce(text);
  }

  /** Changes plain settings such as tool, view or opacity. */
  set(settings: Partial<Pick<App, "mode" | "opacity" | "tool" | "hidden">>): void {
    Object.assign(this, settings);
    this.changed();
  }

  /** Shows a sample without loading anything; the first question opens it. */
  suggest(offer: Offer): void {
    this.offer = offer;
    this.changed();
  }

  async open(offer: Offer): Promise<void> {
    this.stop();
    const before = this.offer;
    this.offer = offer;
    this.#retry = () => void this.open(offer);
    await this.#work("picture", (options) => this.#decode(offer, options));
    // A picture that cannot be opened leaves everything as it was.
    if (this.opened !== offer && this.offer === offer) this.offer = before;
    this.changed();
  }

  async ask(question: string): Promise<void> {
    const text = question.trim();
    if (text === "" || this.busy !== null) return;
    this.asking = text;
    this.#retry = () => void this.ask(text);
    await this.#work("ask", async (options) => {
      const picture = await this.#current(options);
      this.streamed = "";
      const onToken = (token: string) => {
        this.streamed += token;
        this.changed();
      };
      const answer = await picture.ask(text, { ...options, onToken });
      this.#finishAsk(text, answer.marked, answer.objects);
    });
    this.streamed = null;
    this.changed();
  }

  /** Refines the selected object, or marks a new one, by a click or a box. */
  async mark(prompt: Point | { box: Box }): Promise<void> {
    if (this.busy !== null || ("box" in prompt && isThin(prompt.box))) return;
    const item = this.selected;
    const isBox = "box" in prompt;
    const points = isBox ? (item?.points ?? []) : [...(item?.points ?? []), prompt];
    const box = isBox ? prompt.box : (item?.box ?? null);
    this.pending = { points, box };
    this.#retry = () => void this.mark(prompt);
    await this.#work("refine", async (options) => {
      const picture = await this.#current(options);
      const found = await picture.refine(item?.found ?? null, { points, box }, options);
      this.#place(item, found, { points, box }, isBox ? "box" : "point");
    });
    this.pending = null;
    this.changed();
  }

  select(id: number | null): void {
    // Choosing is no edit of its own; it goes with the present state.
    this.#history.amend({ ...this.edits, selected: id });
    this.changed();
  }

  remove(id: number): void {
    const item = this.edits.items.find((other) => other.id === id);
    if (item === undefined) return;
    const items = this.edits.items.filter((other) => other !== item);
    const selected = this.edits.selected === id ? (items[0]?.id ?? null) : this.edits.selected;
    this.#history.push({ ...this.edits, items, selected }, `delete ${item.name}`);
    this.announce(`${item.name} deleted.`);
    this.changed();
  }

  toggle(id: number): void {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(id)) hidden.add(id);
    this.set({ hidden });
  }

  undo(): void {
    const label = this.undoLabel;
    if (this.busy !== null || !this.#history.undo()) return;
    this.announce(`Undone: ${label}.`);
    this.changed();
  }

  redo(): void {
    const label = this.redoLabel;
    if (this.busy !== null || !this.#history.redo()) return;
    this.announce(`Redone: ${label}.`);
    this.changed();
  }

  /** Cancels what is running. */
  stop(): void {
    this.#abort?.abort();
  }

  retry(): void {
    this.error = null;
    this.#retry?.();
  }

  /** Loads the model ahead of the first question. */
  prepare(): void {
    this.runtime.model({}).then(
      () => this.changed(),
      // Told with the first question, which tries again.
      () => undefined,
    );
  }

  /** Another model answers from now on; picture and edits stay. */
  async useModel(choice: ModelChoice, options: Options): Promise<void> {
    await this.runtime.use(choice, options);
    this.announce(`${choice.name} is ready.`);
    this.changed();
  }

  /** The same without loading it before it is needed. */
  chooseModel(choice: ModelChoice): void {
    this.runtime.switchTo(choice);
    this.changed();
  }

  /** Tries again with another model or on another device; picture and edits stay. */
  retryWith(choice: ModelChoice): void {
    this.runtime.switchTo(choice);
    this.retry();
  }

  /** The picture in a running model, for saving. */
  async ready(): Promise<Picture> {
    const { picture, runtime } = this;
    if (picture !== null && this.#seenBy === runtime.loaded) return picture;
    await this.#work("picture", (options) => this.#current(options));
    this.changed();
    if (this.picture !== null && this.#seenBy === runtime.loaded) return this.picture;
    throw new DOMException("The model is not ready.", "AbortError");
  }

  /** Shows what goes wrong in a task beside the main work, such as saving. */
  report(task: Promise<unknown>): void {
    task.catch((error: unknown) => {
      if (!isAbort(error)) this.#show(error);
      this.changed();
    });
  }

  dismiss(): void {
    this.error = null;
    this.changed();
  }

  async #work(kind: Busy, job: (options: Options) => Promise<unknown>): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    Object.assign(this, { busy: kind, error: null, progress: null, recovered: false });
    this.changed();
    const onProgress = (progress: Progress) => {
      this.timings.progress(progress, performance.now());
      this.progress = progress;
      this.changed();
    };
    const onRecover = ({ code }: AskmaskError) => this.#recover(code);
    try {
      const { signal } = abort;
      await abortable(job({ signal, onProgress, onRecover }), signal);
    } catch (error) {
      this.#failed(error, abort);
    }
    this.timings.end(performance.now());
    // A later action may have taken over meanwhile.
    if (this.#abort === abort) Object.assign(this, { busy: null, progress: null });
  }

  /** The library starts over by itself; what was written so far belongs to the failed try. */
  #recover(code: string): void {
    this.recoveries = [...this.recoveries, code];
    this.recovered = true;
    if (this.streamed !== null) this.streamed = "";
    this.announce("The GPU failed. Starting over once, with your question.");
    this.changed();
  }

  #failed(error: unknown, abort: AbortController): void {
    if (isAbort(error)) {
      this.announce("Stopped.");
    } else if (this.#abort === abort) {
      this.#show(error);
    }
  }

  #show(error: unknown): void {
    this.error = error instanceof Error ? error : new AskmaskError("internal", String(error));
    this.lastError = this.error instanceof AskmaskError ? this.error.code : this.error.name;
    this.announce(this.error.message);
  }

  async #current(options: Options): Promise<Picture> {
    const offer = this.offer ?? this.opened;
    if (offer === null)
      throw new AskmaskError("invalid-image", "There is no picture yet.", "Open one.");
    const model = await this.runtime.model(options);
    const same = offer === this.opened;
    if (this.picture !== null && same && this.#seenBy === model) return this.picture;
    return this.#decode(offer, options, same ? this.#history : undefined);
  }

  /** Opens the picture; what was done on it before stays where a history is given. */
  async #decode(
    offer: Offer,
    options: Options,
    history = new History<Edits>(NO_EDITS),
  ): Promise<Picture> {
    const { signal = new AbortController().signal } = options;
    const [model, blob] = await Promise.all([this.runtime.model(options), offer.read(signal)]);
    const picture = await model.setImage(blob, options);
    this.picture?.dispose();
    if (history !== this.#history) this.hidden = new Set();
    Object.assign(this, { picture, opened: offer });
    this.#seenBy = model;
    this.#history = history;
    const ready = `${offer.name} is ready, ${picture.width} by ${picture.height} pixels.`;
    this.announce([ready, picture.notice].filter(Boolean).join(" "));
    return picture;
  }

  #finishAsk(question: string, answer: string, objects: FoundObject[]): void {
    const items = objects.map((found, index): Item => {
      const id = this.#nextId++;
      return {
        id,
        name: objectName(answer, index),
        color: colorOf(index),
        found,
        points: [],
        box: null,
      };
    });
    const doubtful = items.filter(({ found }) => isDoubtful(found));
    // A guess among clear finds is not shown until it is asked for.
    if (outcomeOf(objects) === null)
      this.hidden = new Set([...this.hidden, ...doubtful.map(({ id }) => id)]);
    const selected = items[0]?.id ?? null;
    this.#history.push({ question, answer, items, selected }, `question “${question}”`);
    this.announce(this.#summary(items));
  }

  #place(item: Item | null, found: FoundObject, prompts: Pending, label: string): void {
    const id = item?.id ?? this.#nextId++;
    const color = item?.color ?? this.#freeColor();
    const name = item?.name ?? `Object ${this.edits.items.length + 1}`;
    const next: Item = { id, name, color, found, ...prompts };
    const others = this.edits.items;
    const items = item
      ? others.map((other) => (other.id === id ? next : other))
      : [...others, next];
    this.#history.push({ ...this.edits, items, selected: id }, label);
    this.announce(this.#summary([next]));
  }

  #freeColor(): string {
    const used = new Set(this.edits.items.map(({ color }) => color));
    for (let index = 0; index < used.size; index++) {
      if (!used.has(colorOf(index))) return colorOf(index);
    }
    return colorOf(used.size);
  }

  #summary(items: readonly Item[]): string {
    const { picture } = this;
    if (picture === null) return "";
    if (items.length === 0) return "Nothing in the picture matches.";
    const phrases = items.map(({ name, found }) => {
      if (found.box === null) return `${name}: the mask is empty`;
      const share = percent(found.area / (picture.width * picture.height));
      return `${name}, ${place(found.box, picture)}, ${share} of the picture`;
    });
    return `${plural(items.length, "object")} found: ${phrases.join("; ")}.`;
  }
}
