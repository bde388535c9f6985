/** The three ways to any other model: a folder here, an address, a repository on a hub. */

import { AskmaskError, isAbort, type ModelSource } from "../../lib";
import { byId, radios } from "../dom";
import { fromAddress, fromFiles, fromHub, hasPicker, pickFolder } from "./sources";

type Kind = "folder" | "address" | "hub";

const KINDS: { value: Kind; label: string; submit: string; promise: string }[] = [
  { value: "folder", label: "Folder", submit: "Choose folder", promise: "" },
  {
    value: "address",
    label: "Address",
    submit: "Look",
    promise: "Fetches a short list, no weights.",
  },
  { value: "hub", label: "Hub", submit: "Look", promise: "Fetches a short list, no weights." },
];

export class SourceForm {
  readonly #error = byId("source-error", HTMLElement);
  readonly #files = byId("folder-input", HTMLInputElement);
  readonly #address = byId("source-address", HTMLInputElement);
  readonly #id = byId("source-id", HTMLInputElement);
  readonly #kinds: Map<Kind, HTMLInputElement>;
  #kind: Kind = "folder";

  constructor(private readonly onSource: (source: ModelSource) => void) {
    const kinds = byId("source-kinds", HTMLElement);
    const pick = (kind: Kind) => this.#choose(kind);
    this.#kinds = radios(kinds, KINDS, (_, label) => [label], pick);
    this.#choose(this.#kind);
    byId("source-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#files.addEventListener("change", () => {
      const files = [...(this.#files.files ?? [])];
      this.#files.value = "";
      this.#try(() => fromFiles(files));
    });
  }

  /** As if a person had asked for the model at this address. */
  lookAt(address: string): void {
    this.#choose("address");
    this.#address.value = address;
    void this.#submit();
  }

  #choose(kind: Kind): void {
    this.#kind = kind;
    const input = this.#kinds.get(kind);
    if (input) input.checked = true;
    this.#complain("");
    for (const fields of document.querySelectorAll<HTMLElement>(".fields")) {
      fields.hidden = fields.dataset.kind !== kind;
    }
    const { submit = "", promise = "" } = KINDS.find(({ value }) => value === kind) ?? {};
    byId("source-submit", HTMLButtonElement).textContent = submit;
    byId("source-promise", HTMLElement).textContent = promise;
  }

  async #submit(): Promise<void> {
    if (this.#kind === "address") return this.#try(() => fromAddress(this.#address.value));
    if (this.#kind === "hub") return this.#try(() => this.#hub());
    if (!hasPicker(window)) return this.#files.click();
    try {
      const files = await pickFolder(window);
      this.#try(() => fromFiles(files));
    } catch (error) {
      // Closing the picker is no mistake.
      if (!isAbort(error)) this.#complain(`The folder could not be read: ${String(error)}`);
    }
  }

  #hub(): ModelSource {
    const revision = byId("source-revision", HTMLInputElement).value;
    return fromHub(this.#id.value, revision, byId("source-host", HTMLInputElement).value);
  }

  #try(read: () => ModelSource): void {
    this.#complain("");
    try {
      this.onSource(read());
    } catch (error) {
      if (!(error instanceof AskmaskError)) throw error;
      this.#complain(`${error.message} ${error.hint}`.trim());
    }
  }

  #complain(text: string): void {
    this.#error.textContent = text;
    const field = this.#kind === "hub" ? this.#id : this.#address;
    for (const input of [this.#id, this.#address]) input.removeAttribute("aria-invalid");
    if (text === "" || this.#kind === "folder") return;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
}
