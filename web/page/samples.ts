/** The sample pictures and the example questions that go with each. */

import { fetchImage } from "../lib";
import type { App, Offer } from "./app";
import { byId, make } from "./dom";

interface Sample {
  id: string;
  title: string;
  file: string;
  width: number;
  height: number;
  alt: string;
  questions: string[];
}

const GENERIC_QUESTIONS = ["What can you see?", "What is the largest thing?"];

export class Samples {
  readonly #row = byId("samples", HTMLElement);
  readonly #chips = byId("chips", HTMLElement);
  readonly #question = byId("question", HTMLTextAreaElement);
  readonly #questions = new Map<Offer, string[]>();
  readonly #buttons = new Map<Offer, HTMLButtonElement>();
  #chipsFor: Offer | null | undefined;

  constructor(private readonly app: App) {
    app.onChange(() => this.#update());
  }

  async load(): Promise<void> {
    const base = new URL("samples/", document.baseURI);
    const response = await fetch(new URL("samples.json", base));
    const samples: Sample[] = response.ok ? await response.json() : [];
    for (const sample of samples) this.#add(sample, new URL(sample.file, base).href);
    const [first] = this.#buttons.keys();
    if (first && this.app.offer === null) this.app.suggest(first);
  }

  #add({ title, alt, width, height, questions }: Sample, url: string): void {
    const offer: Offer = {
      name: title,
      alt,
      previewUrl: url,
      read: (signal) => fetchImage(url, signal),
    };
    const image = make("img", { src: url, alt: "", width, height, decoding: "async" });
    const button = make("button", { type: "button", className: "sample", title }, image);
    button.setAttribute("aria-label", title);
    button.addEventListener("click", () => void this.app.open(offer));
    this.#questions.set(offer, questions);
    this.#buttons.set(offer, button);
    this.#row.append(button);
  }

  #update(): void {
    const { offer } = this.app;
    if (offer === this.#chipsFor) return;
    this.#chipsFor = offer;
    for (const [other, button] of this.#buttons) {
      button.setAttribute("aria-pressed", String(other === offer));
    }
    const questions = offer ? (this.#questions.get(offer) ?? GENERIC_QUESTIONS) : [];
    this.#chips.replaceChildren(...questions.map((question) => this.#chip(question)));
  }

  #chip(question: string): HTMLElement {
    const button = make("button", { type: "button", className: "chip" }, question);
    button.addEventListener("click", () => {
      this.#question.value = question;
      void this.app.ask(question);
    });
    return make("li", {}, button);
  }
}
