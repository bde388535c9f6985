/** The answer, as it is written and after, with the notes that explain it. */

import { AskmaskError } from "../lib";
import type { App } from "./app";
import { NANO } from "./choice";
import { button, byId, make } from "./dom";
import { knownObjects } from "./known";
import { EXPLANATIONS, outcomeOf } from "./outcome";
import { splitAtMarks } from "./words";

const PLACEHOLDER = "The answer appears here, word by word, with a colored mask for each object.";
/** Faults of a picture, which trying again does not mend. */
const PICTURE_CODES = new Set<string>(["invalid-image", "unsupported-image", "image-too-large"]);

export class AnswerView {
  readonly #question = byId("answer-question", HTMLElement);
  readonly #text = byId("answer-text", HTMLElement);
  readonly #note = byId("note", HTMLElement);
  #noted = "";

  constructor(private readonly app: App) {
    app.onChange(() => this.#update());
    this.#update();
  }

  #update(): void {
    const { app } = this;
    const writing = app.streamed !== null;
    const answer = app.streamed ?? app.edits.answer;
    this.#question.textContent = writing || app.busy === "ask" ? app.asking : app.edits.question;
    this.#text.classList.toggle("writing", writing);
    this.#text.classList.toggle("placeholder", answer === "" && !writing);
    if (answer === "" && !writing) this.#text.textContent = app.busy === "ask" ? "" : PLACEHOLDER;
    else this.#text.replaceChildren(...this.#textAndMarks(answer));
    this.#explain();
  }

  #textAndMarks(answer: string): (Node | string)[] {
    return splitAtMarks(answer).map((shown) => {
      // A mark stays on the line of its word and of the full stop after it.
      if ("text" in shown)
        return shown.text.replace(/ $/, "\u00a0").replace(/^(?=\p{P})/u, "\u2060");
      const item = this.app.streamed === null ? this.app.edits.items[shown.object] : undefined;
      const dot = make("span", { className: "dot" });
      dot.style.setProperty("--color", item?.color ?? "currentColor");
      dot.setAttribute("role", "img");
      dot.setAttribute("aria-label", item?.name ?? "object");
      return dot;
    });
  }

  /** Rebuilds the note only when it changes, so that focus on it survives. */
  #explain(): void {
    const [key, build] = this.#content();
    if (key === this.#noted) return;
    this.#noted = key;
    this.#note.replaceChildren(...build());
    this.#note.hidden = key === "";
    this.#note.dataset.kind = this.app.error ? "error" : "info";
  }

  #content(): [string, () => Node[]] {
    const { error, edits, busy } = this.app;
    if (error) return [`${error.name} ${error.message}`, () => this.#errorNote(error)];
    const notice = this.app.picture?.notice;
    if (edits.question === "" && notice) return [notice, () => [make("p", {}, notice)]];
    if (busy !== null || edits.question === "") return ["", () => []];
    const outcome = outcomeOf(edits.items.map(({ found }) => found));
    if (outcome === null) return ["", () => []];
    const { title, text } = EXPLANATIONS[outcome];
    const unknown =
      outcome === "nothing-matches" && this.app.runtime.choice.source.kind === "embedded";
    const more = unknown ? knownObjects : () => [];
    return [outcome, () => [make("strong", {}, title), make("p", {}, text), ...more()]];
  }

  #errorNote(error: Error): Node[] {
    const code = error instanceof AskmaskError ? error.code : "internal";
    const hint = error instanceof AskmaskError ? error.hint : "";
    const invalid = code === "gpu-result-invalid" ? EXPLANATIONS[code] : null;
    const title = invalid?.title ?? error.message;
    const text = invalid?.text ?? hint;
    const actions = make("div", { className: "note-actions" });
    // Another picture helps, and nothing else does.
    if (!PICTURE_CODES.has(code)) {
      actions.append(...this.#otherWays(code));
    }
    actions.append(button("Dismiss", "quiet", () => this.app.dismiss()));
    return [make("strong", {}, title), make("p", {}, text), actions];
  }

  #otherWays(code: string): Node[] {
    const ways = [button("Try again", "quiet", () => this.app.retry())];
    const { choice, device } = this.app.runtime;
    if (device?.device === "gpu" || code === "webgpu-unavailable") {
      const onCpu = { ...choice, device: "cpu" as const };
      ways.push(button("Use the CPU", "quiet", () => this.app.retryWith(onCpu)));
    }
    if (choice.source.kind !== "embedded" && code !== "invalid-query") {
      const withNano = { ...NANO, device: choice.device };
      ways.push(button("Use nano", "quiet", () => this.app.retryWith(withNano)));
    }
    return ways;
  }
}
