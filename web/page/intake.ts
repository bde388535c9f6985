/** Pictures that people bring: dropped, pasted, or picked. */

import { AskmaskError, fetchImage } from "../lib";
import type { App } from "./app";
import { byId } from "./dom";
import { mayReach } from "./models/sources";
import { addressOf, fileOf, nameOf, picturesIn, textOf } from "./transfer";
import { DROP_HINT, elsewhere } from "./words";

/** What a drag has among its types when it may hold a picture. */
const PICTURES = ["Files", "text/uri-list", "text/html"];

export class Intake {
  readonly #note = byId("drop-note", HTMLElement);
  readonly #question = byId("question", HTMLTextAreaElement);
  #previewUrl = "";

  constructor(private readonly app: App) {
    const input = byId("file", HTMLInputElement);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) this.#openFile(file);
      // The same file can then be picked again.
      input.value = "";
    });
    document.addEventListener("paste", (event) => this.#paste(event));
    document.addEventListener("dragover", (event) => this.#over(event));
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) this.#note.hidden = true;
    });
    document.addEventListener("drop", (event) => this.#drop(event));
  }

  /** Text goes to the question, whatever picture of it comes along; a picture alone is opened. */
  #paste(event: ClipboardEvent): void {
    const transfer = event.clipboardData;
    const file = transfer && fileOf(transfer);
    if (!file) return;
    const text = textOf(transfer);
    if (text !== "" && isTextField(event.target)) return;
    event.preventDefault();
    if (text === "") this.#openFile(file);
    else this.#write(text);
  }

  #write(text: string): void {
    const field = this.#question;
    field.focus();
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Whatever is dragged here: left to the browser, it would take the page away. */
  #over(event: DragEvent): void {
    const types = event.dataTransfer?.types ?? [];
    const files = types.includes("Files");
    if (!files && isTextField(event.target)) return;
    event.preventDefault();
    const welcome = PICTURES.some((type) => types.includes(type));
    if (event.dataTransfer && !welcome) event.dataTransfer.dropEffect = "none";
    this.#note.hidden = !welcome;
  }

  #drop(event: DragEvent): void {
    this.#note.hidden = true;
    const transfer = event.dataTransfer;
    const file = transfer && fileOf(transfer);
    const text = transfer && textOf(transfer);
    if (!file && text && isTextField(event.target)) return;
    event.preventDefault();
    const address = transfer && addressOf(transfer, picturesIn);
    if (file) this.#openFile(file);
    else if (address) this.#openAddress(address);
    else this.#refuse("What was dropped holds no picture.");
  }

  /** Fetches what the page's policy lets it fetch; nothing is asked of any other site. */
  #openAddress(address: string): void {
    const web = /^https?:/i.test(address) ? new URL(address) : null;
    if (web !== null && !mayReach(web)) {
      this.#refuse(elsewhere(web.host));
      return;
    }
    // Only these may be shown before they are fetched.
    const own = address.startsWith("blob:") || web?.origin === location.origin;
    const read = (signal: AbortSignal) => fetchImage(address, signal);
    void this.app.open({ name: nameOf(address), alt: "", previewUrl: own ? address : "", read });
  }

  #refuse(message: string): void {
    this.app.report(Promise.reject(new AskmaskError("invalid-image", message, DROP_HINT)));
  }

  #openFile(file: File): void {
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

/** Where pasted and dropped text goes by itself. */
function isTextField(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && /^(?:text|url|search)$/.test(target.type);
}
