/** What is in use, what is ready to use, and how to add more. */

import {
  AskmaskError,
  deleteModel,
  hubSource,
  isAbort,
  isSameSource,
  type MemoryUsage,
  type ModelSource,
  models,
  type StoredModel,
} from "../../lib";
import type { App } from "../app";
import { type ModelChoice, NANO } from "../choice";
import { button, byId, facts, iconButton, make } from "../dom";
import type { Offline } from "../offline";
import { plural, size } from "../words";
import { CHECKPOINTS, NANO_CAN } from "./checkpoints";
import { saveModel } from "./save";
import { describeSource, mayReach } from "./sources";

interface ListActions {
  useNano(): void;
  choose(choice: ModelChoice): void;
  look(source: ModelSource, name: string): void;
  say(text: string): void;
}

export class ModelList {
  readonly #body = byId("models-list", HTMLElement);
  readonly #rows = byId("model-rows", HTMLElement);
  readonly #checkpoints = byId("checkpoints", HTMLElement);
  #stored: StoredModel[] = [];
  #memory: MemoryUsage | null = null;
  /** The model whose deletion is being confirmed; why it was refused, once it was. */
  #deletion: { key: string; refusal: string } | null = null;

  constructor(
    private readonly app: App,
    private readonly offline: Offline,
    private readonly actions: ListActions,
  ) {
    offline.onChange(() => this.#renderInUse());
  }

  set hidden(hidden: boolean) {
    this.#body.hidden = hidden;
  }

  /** Asks anew what is stored and how much memory is taken. */
  async refresh(): Promise<void> {
    this.#deletion = null;
    this.#memory = null;
    this.#render();
    const { loaded } = this.app.runtime;
    const memory = loaded && this.app.busy === null ? loaded.memoryUsage() : null;
    const [stored, used] = await Promise.allSettled([models(), memory]);
    this.#stored = stored.status === "fulfilled" ? stored.value : [];
    this.#memory = used.status === "fulfilled" ? used.value : null;
    this.#render();
    const storage = this.#stored.length > 0 ? await describeStorage() : "";
    byId("storage-state", HTMLElement).textContent = storage;
  }

  #render(): void {
    this.#renderInUse();
    this.#rows.replaceChildren(this.#nanoRow(), ...this.#stored.map((model) => this.#row(model)));
    const known = CHECKPOINTS.map(({ name, repository, ...sizes }) =>
      this.#checkpointRow(name, hubSource(repository), sizes),
    );
    this.#checkpoints.replaceChildren(...known.filter((row) => row !== null));
  }

  #renderInUse(): void {
    const { choice, loaded } = this.app.runtime;
    const device = loaded?.device;
    facts(byId("in-use", HTMLElement), [
      ["Model", `${choice.name}, ${describeSource(choice.source)}`],
      [
        "Device",
        device
          ? `${device.device.toUpperCase()}. ${device.reason}`
          : "Chosen when the model loads, with the first question",
      ],
      ["Memory", this.#memory && describeMemory(this.#memory)],
      ["Offline", this.#offlineState()],
      ["Note", loaded?.notice ?? null],
    ]);
  }

  #offlineState(): string {
    const { kept } = this.offline;
    if (kept.length === 0) return "This browser keeps nothing for this page";
    const needed = this.app.runtime.choice.source.kind === "embedded" ? "model" : "program";
    if (kept.includes(needed)) return "Starts and answers without a network";
    return "Starts without a network; answers too once it has answered here";
  }

  #nanoRow(): HTMLElement {
    const current = this.app.runtime.choice.source.kind === "embedded";
    const text = make("div", {}, make("strong", {}, NANO.name), make("p", {}, NANO_CAN));
    const action = current ? inUse() : button("Use", "quiet", () => this.actions.useNano());
    action.setAttribute("data-key", "nano");
    return row(current, text, make("div", { className: "row-actions" }, action));
  }

  /** Null for one that is here, whole or in part. */
  #checkpointRow(
    name: string,
    source: ReturnType<typeof hubSource>,
    { download, keeps }: { download: number; keeps: number },
  ): HTMLElement | null {
    if (this.#stored.some((model) => isSameSource(model.source, source))) return null;
    const { host } = new URL(source.host ?? "");
    const sizes = `Downloads ${size(download)} once from ${host}, keeps ${size(keeps)}.`;
    const reachable = mayReach(new URL(source.host ?? ""));
    const line = reachable ? sizes : `This page may not fetch models from ${host}.`;
    const text = make("div", {}, make("strong", {}, name), make("p", {}, line));
    const look = button("Get", "quiet", () => this.actions.look(source, name));
    look.setAttribute("aria-label", `Get ${name}`);
    look.disabled = !reachable;
    return row(false, text, make("div", { className: "row-actions" }, look));
  }

  #row(model: StoredModel): HTMLElement {
    const { name, licence, source, bytes, storedBytes, complete, key } = model;
    const current = isSameSource(source, this.app.runtime.choice.source);
    const amount = complete ? size(bytes) : `${size(storedBytes)} of ${size(bytes)}`;
    // Files that a person picked are not there any more.
    const orphaned = !complete && source.kind === "stored";
    const from = orphaned ? "choose its folder again to go on" : describeSource(source);
    const line = [amount, licence, from].join(" · ");
    const text = make("div", {}, make("strong", {}, name), make("p", {}, line));
    const look = button(complete ? "Use" : "Continue", "quiet", () =>
      this.actions.look(source, name),
    );
    look.setAttribute("aria-label", `${look.textContent} ${name}`);
    const save = iconButton("folder", `Save ${name} as a folder`, () => void this.#save(model));
    const remove = iconButton("trash", `Delete ${name}`, () => this.#ask(key));
    remove.dataset.key = `delete-${key}`;
    const first = current ? [inUse()] : orphaned ? [] : [look];
    const others = complete ? [save, remove] : [remove];
    const actions = make("div", { className: "row-actions" }, ...first, ...others);
    const item = row(current, text, actions);
    if (!complete) item.append(storedBar(storedBytes / bytes, name));
    if (this.#deletion?.key === key) item.append(this.#confirm(model, current));
    return item;
  }

  async #save(model: StoredModel): Promise<void> {
    const tell = (text: string) => {
      byId("storage-state", HTMLElement).textContent = text;
      this.actions.say(text);
    };
    try {
      tell(await saveModel(model, tell));
    } catch (error) {
      // Closing the picker is no mistake.
      if (!isAbort(error)) tell(`${model.name} was not saved. ${messageOf(error)}`);
    }
  }

  #ask(key: string, refusal = ""): void {
    this.#deletion = { key, refusal };
    this.#render();
    this.#rows.querySelector<HTMLElement>(".confirm button")?.focus();
  }

  #confirm(model: StoredModel, current: boolean): HTMLElement {
    const refusal = this.#deletion?.refusal ?? "";
    const instead = current ? " nano answers from then on." : "";
    const question = `Delete ${model.name} and free ${size(model.storedBytes)}?${instead}`;
    const text = make("p", { className: refusal && "field-error" }, refusal || question);
    const keep = button("Keep", "quiet", () => {
      this.#deletion = null;
      this.#render();
      this.#rows.querySelector<HTMLElement>(`[data-key="delete-${model.key}"]`)?.focus();
    });
    const remove = button(refusal ? "Try again" : "Delete", "quiet danger", () => {
      remove.disabled = true;
      void this.#delete(model, current);
    });
    return make("div", { className: "confirm" }, text, keep, remove);
  }

  async #delete({ key, name }: StoredModel, current: boolean): Promise<void> {
    const { choice } = this.app.runtime;
    // Only a model that nobody uses can go, this tab included.
    if (current) this.actions.choose({ ...NANO, device: choice.device });
    try {
      await deleteModel(key);
    } catch (error) {
      if (current) this.actions.choose(choice);
      this.#ask(key, messageOf(error));
      this.actions.say(`${name} was not deleted. ${messageOf(error)}`);
      return;
    }
    await this.refresh();
    this.actions.say(`${name} deleted.`);
    byId("models-title", HTMLElement).focus();
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof AskmaskError ? error.hint : "";
  return `${message} ${hint}`.trim();
}

function row(current: boolean, ...children: HTMLElement[]): HTMLElement {
  const item = make("li", { className: "model-row" }, ...children);
  item.classList.toggle("current", current);
  return item;
}

function inUse(): HTMLElement {
  return make("span", { className: "badge" }, "In use");
}

function storedBar(stored: number, name: string): HTMLElement {
  const bar = make("progress", { max: 1, value: stored });
  bar.setAttribute("aria-label", `Downloaded of ${name}`);
  return bar;
}

function describeMemory({ heap, gpu, gpuPeak, reloads, reloadedBytes }: MemoryUsage): string {
  const onGpu = gpuPeak > 0 ? `, GPU ${size(gpu)} (at most ${size(gpuPeak)})` : "";
  const again =
    reloads > 0
      ? `. Low memory has read ${size(reloadedBytes)} again in ${plural(reloads, "reload")}`
      : "";
  return `Page ${size(heap)}${onGpu}${again}`;
}

async function describeStorage(): Promise<string> {
  try {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    const persisted = await navigator.storage.persisted();
    const promise = persisted
      ? "The browser keeps it until you delete it."
      : "The browser may drop it when the disk is full.";
    return `This site stores ${size(usage)} of the ${size(quota)} it may. ${promise}`;
  } catch {
    return "";
  }
}
