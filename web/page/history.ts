/** One undo/redo stack of immutable states. */

interface Entry<T> {
  state: T;
  /** What led to this state, as in "Undo: point". */
  label: string;
}

/** Steps kept; older ones cannot be undone. */
const LIMIT = 100;

export class History<T> {
  #past: Entry<T>[] = [];
  #present: Entry<T>;
  #future: Entry<T>[] = [];

  constructor(initial: T) {
    this.#present = { state: initial, label: "" };
  }

  get state(): T {
    return this.#present.state;
  }

  /** What `undo` would take back, or null. */
  get undoLabel(): string | null {
    return this.#past.length > 0 ? this.#present.label : null;
  }

  /** What `redo` would bring back, or null. */
  get redoLabel(): string | null {
    return this.#future.at(-1)?.label ?? null;
  }

  push(state: T, label: string): void {
    this.#past.push(this.#present);
    if (this.#past.length > LIMIT) this.#past.shift();
    this.#present = { state, label };
    this.#future = [];
  }

  /** Replaces the present state without a step of its own. */
  amend(state: T): void {
    this.#present = { ...this.#present, state };
  }

  undo(): boolean {
    const entry = this.#past.pop();
    if (entry === undefined) return false;
    this.#future.push(this.#present);
    this.#present = entry;
    return true;
  }

  redo(): boolean {
    const entry = this.#future.pop();
    if (entry === undefined) return false;
    this.#past.push(this.#present);
    this.#present = entry;
    return true;
  }
}
