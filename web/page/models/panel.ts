/** The models dialog: opens, closes, and moves between its list and one model's card. */

import { isSameSource, type ModelSource } from "../../lib";
import type { App } from "../app";
import { type ModelChoice, NANO, remember } from "../choice";
import { byId } from "../dom";
import type { Offline } from "../offline";
import { percent } from "../words";
import { ModelCard } from "./card";
import { SourceForm } from "./form";
import { Install } from "./install";
import { ModelList } from "./list";

export class ModelPanel {
  readonly #dialog = byId("models", HTMLDialogElement);
  readonly #title = byId("models-title", HTMLElement);
  readonly #back = byId("models-back", HTMLButtonElement);
  readonly #name = byId("model-name", HTMLElement);
  readonly #live = byId("models-live", HTMLElement);
  readonly #install: Install;
  readonly #list: ModelList;
  readonly #card: ModelCard;
  readonly #form: SourceForm;

  constructor(
    private readonly app: App,
    offline: Offline,
  ) {
    const say = (text: string) => this.#say(text);
    this.#install = new Install(app);
    this.#list = new ModelList(app, offline, {
      useNano: () => this.#useNano(),
      choose: (choice) => this.#choose(choice),
      look: (source, name) => this.#look(source, name),
      say,
    });
    this.#card = new ModelCard(app, this.#install, say, () => this.#showList());
    this.#form = new SourceForm((source) => this.#look(source, "A new model"));
    byId("models-open", HTMLButtonElement).addEventListener("click", () => this.open());
    byId("models-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#back.addEventListener("click", () => this.#showList());
    this.#dialog.addEventListener("click", (event) => {
      // The dialog's own box is covered by what is in it: only the backdrop is left.
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("close", () => this.#card.leave());
    this.#install.onChange(() => this.#update());
    app.onChange(() => this.#update());
    this.#update();
  }

  open(): void {
    if (this.#install.choice === null) this.#showList();
    this.#dialog.showModal();
    this.#title.focus();
  }

  /** Opens at the model that a link to this page names. */
  offer(address: string): void {
    this.open();
    this.#form.lookAt(address);
  }

  /** Opens at the models that know photographs. */
  offerCheckpoints(): void {
    this.open();
    byId("add-title", HTMLElement).scrollIntoView();
  }

  #showList(): void {
    this.#card.leave();
    this.#turn("list");
    this.#title.textContent = "Models";
    void this.#list.refresh();
  }

  #look(source: ModelSource, name: string): void {
    const { choice } = this.app.runtime;
    this.#turn("card");
    this.#card.show(source, name, isSameSource(choice.source, source) ? choice : null);
  }

  #turn(to: "list" | "card"): void {
    this.#list.hidden = to !== "list";
    this.#card.hidden = to !== "card";
    this.#update();
    if (this.#dialog.open) this.#title.focus();
  }

  #choose(choice: ModelChoice): void {
    this.app.chooseModel(choice);
    remember({ model: choice });
  }

  #useNano(): void {
    this.#choose({ ...NANO, device: this.app.runtime.choice.device });
    this.#say("nano answers from now on.");
    void this.#list.refresh();
  }

  #update(): void {
    const { choice, progress } = this.#install;
    const done = progress?.total ? ` ${percent(progress.done / progress.total)}` : "";
    this.#name.textContent = choice ? `${choice.name}${done}` : this.app.runtime.choice.name;
    const inList = byId("models-card", HTMLElement).hidden;
    this.#back.hidden = inList || choice !== null;
  }

  #say(text: string): void {
    if (this.#live.textContent !== text) this.#live.textContent = text;
  }
}
