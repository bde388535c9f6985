/** Pictures that people bring: dropped, pasted, or picked. */

import type { App } from "./app";
import { byId } from "./dom";

export class Intake {
  readonly #note = byId("drop-note", HTMLElement);
  #previewUrl = "";

  constructor(private readonly app: App) {
    const input = byId("file", HTMLInputElement);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) this.#open(file);
      // The same file can then be picked again.
      input.value = "";
    });
    document.addEventListener("paste", (event) => this.#take(event, event.clipboardData));
    document.addEventListener("dragover", (event) => this.#over(event));
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) this.#note.hidden = true;
    });
    document.addEventListener("drop", (event) => {
      this.#note.hidden = true;
      this.#take(event, event.dataTransfer);
    });
  }

  #over(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#note.hidden = false;
  }

  /** The first file of a drop or a paste, if there is one. */
  #take(event: Event, transfer: DataTransfer | null): void {
    const file = transfer?.files[0];
    if (file === undefined) return;
    event.preventDefault();
    this.#open(file);
  }

  #open(file: File): void {
    const stale = this.#previewUrl;
    this.#previewUrl = URL.createObjectURL(file);
    const offer = {
      name: file.name || "Pasted picture",
      alt: "",
      previewUrl: this.#previewUrl,
      read: () => Promise.resolve<Blob>(file),
    };
    void this.app.open(offer);
    URL.revokeObjectURL(stale);
  }
}
