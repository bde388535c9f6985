/** State that views listen to. */
export class Observable {
  readonly #listeners: (() => void)[] = [];

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  protected changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
