/** The list of objects: color, name, numbers, show, delete, export. */

import type { App } from "./app";
import { button, byId, icon, iconButton, make } from "./dom";
import { exportItems, FILE_KINDS } from "./exports";
import { confidence, isDoubtful } from "./outcome";
import type { Item } from "./types";
import { percent, place } from "./words";

export class Legend {
  readonly #section = byId("objects", HTMLElement);
  readonly #list = byId("legend", HTMLElement);
  readonly #actions = byId("objects-actions", HTMLElement);
  #drawn = "";

  constructor(private readonly app: App) {
    app.onChange(() => this.#update());
  }

  /** Rebuilds only when something shown changed; focus stays where it was. */
  #update(): void {
    const { edits, hidden, busy } = this.app;
    const rows = edits.items.map(({ id, found }) => [id, found.area, found.score, hidden.has(id)]);
    const key = JSON.stringify([rows, edits.selected, busy !== null]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const focused = document.activeElement?.getAttribute("data-key");
    this.#section.hidden = edits.items.length === 0;
    this.#list.replaceChildren(...edits.items.map((item) => this.#row(item)));
    this.#actions.replaceChildren(...this.#listActions());
    if (focused) this.#section.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  }

  #row(item: Item): HTMLElement {
    const { app } = this;
    const selected = app.edits.selected === item.id;
    const row = make("li", { className: "object" });
    row.style.setProperty("--color", item.color);
    row.classList.toggle("selected", selected);
    row.classList.toggle("hidden-object", app.hidden.has(item.id));
    row.append(this.#name(item, selected), this.#show(item), this.#delete(item));
    if (selected) row.append(this.#exports([item], item.name));
    return row;
  }

  #name(item: Item, selected: boolean): HTMLElement {
    const name = make("button", { type: "button", className: "object-name" });
    name.append(
      make("span", { className: "swatch" }),
      make("span", { className: "object-title" }, item.name),
      make("span", { className: "object-facts" }, this.#facts(item)),
    );
    name.setAttribute("aria-pressed", String(selected));
    name.dataset.key = `name-${item.id}`;
    name.addEventListener("click", () => this.app.select(selected ? null : item.id));
    return name;
  }

  #facts({ found }: Item): string {
    const { picture } = this.app;
    if (picture === null || found.box === null) return "empty mask";
    const share = percent(found.area / (picture.width * picture.height));
    const sure = `${percent(confidence(found))} sure`;
    const doubt = isDoubtful(found) ? "low confidence, " : "";
    return `${doubt}${sure} · ${share} area · ${place(found.box, picture)}`;
  }

  #show(item: Item): HTMLElement {
    const hidden = this.app.hidden.has(item.id);
    const label = `${hidden ? "Show" : "Hide"} ${item.name}`;
    const button = iconButton(hidden ? "eye-off" : "eye", label, () => this.app.toggle(item.id));
    button.dataset.key = `show-${item.id}`;
    return button;
  }

  #delete(item: Item): HTMLElement {
    const button = iconButton("trash", `Delete ${item.name}`, () => this.app.remove(item.id));
    button.disabled = this.app.busy !== null;
    return button;
  }

  #exports(items: readonly Item[], name: string): HTMLElement {
    const group = make("div", { className: "exports" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", `Save ${name}`);
    for (const type of FILE_KINDS) {
      const { kind, label, file } = type;
      const save = button(label, "quiet", () => {
        const saved = this.app.ready().then((picture) => exportItems(picture, items, type));
        this.app.report(saved);
      });
      save.title = `Save ${name}: ${file}`;
      save.setAttribute("aria-label", `${label}, save ${name}: ${file}`);
      save.disabled = items.every(({ found }) => found.area === 0);
      save.dataset.key = `save-${kind}-${name}`;
      group.append(save);
    }
    return group;
  }

  #listActions(): HTMLElement[] {
    const { app } = this;
    const add = button("Mark another", "quiet", () => {
      app.select(null);
      app.set({ tool: "include" });
    });
    add.prepend(icon("plus"));
    add.dataset.key = "add";
    if (app.edits.items.length < 2) return [add];
    const all = make(
      "div",
      { className: "save-all" },
      make("span", {}, "Save all that is visible"),
    );
    all.append(this.#exports(app.visible, "all visible objects"));
    return [add, all];
  }
}
