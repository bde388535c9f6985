/** Tools, undo, zoom, view and opacity. */

import type { App } from "./app";
import { byId, icon, make, radios } from "./dom";
import type { Tool, ViewMode } from "./types";
import type { Viewport } from "./viewport";

const TOOLS: { value: Tool; label: string; hint: string }[] = [
  { value: "move", label: "Move", hint: "" },
  { value: "include", label: "Include", hint: "Click what belongs to the object" },
  { value: "exclude", label: "Exclude", hint: "Click what does not belong to the object" },
  { value: "box", label: "Box", hint: "Drag a box around the object" },
];

const VIEWS: { value: ViewMode; label: string }[] = [
  { value: "overlay", label: "Overlay" },
  { value: "mask", label: "Mask" },
  { value: "cutout", label: "Cutout" },
  { value: "original", label: "Original" },
];

const ZOOM_STEP = 1.4;

export class Toolbar {
  readonly #hint = byId("hint", HTMLElement);
  readonly #undo = byId("undo", HTMLButtonElement);
  readonly #redo = byId("redo", HTMLButtonElement);
  readonly #opacity = byId("opacity", HTMLInputElement);
  readonly #tools: Map<Tool, HTMLInputElement>;
  readonly #views: Map<ViewMode, HTMLInputElement>;

  constructor(
    private readonly app: App,
    viewport: Viewport,
  ) {
    const toolContent = (tool: Tool, label: string) => [icon(tool), make("span", {}, label)];
    const pickTool = (tool: Tool) => app.set({ tool });
    this.#tools = radios(byId("tools", HTMLElement), TOOLS, toolContent, pickTool);
    const pickView = (mode: ViewMode) => app.set({ mode });
    this.#views = radios(byId("views", HTMLElement), VIEWS, (_, label) => [label], pickView);
    this.#undo.addEventListener("click", () => app.undo());
    this.#redo.addEventListener("click", () => app.redo());
    this.#opacity.addEventListener("input", () =>
      app.set({ opacity: this.#opacity.valueAsNumber / 100 }),
    );
    byId("zoom-in", HTMLButtonElement).addEventListener("click", () => viewport.zoom(ZOOM_STEP));
    byId("zoom-out", HTMLButtonElement).addEventListener("click", () =>
      viewport.zoom(1 / ZOOM_STEP),
    );
    byId("zoom-fit", HTMLButtonElement).addEventListener("click", () => viewport.fit());
    app.onChange(() => this.#update());
    this.#update();
  }

  #update(): void {
    const { app } = this;
    for (const [tool, input] of this.#tools) input.checked = tool === app.tool;
    for (const [mode, input] of this.#views) input.checked = mode === app.mode;
    this.#opacity.disabled = app.mode !== "overlay";
    this.#label(this.#undo, "Undo", app.undoLabel);
    this.#label(this.#redo, "Redo", app.redoLabel);
    const hint = TOOLS.find(({ value }) => value === app.tool)?.hint ?? "";
    this.#hint.hidden = hint === "" || app.busy === "picture";
    this.#hint.textContent = app.selected ? `${hint}: ${app.selected.name}` : hint;
  }

  #label(button: HTMLButtonElement, verb: string, label: string | null): void {
    button.disabled = label === null || this.app.busy !== null;
    button.title = label === null ? verb : `${verb}: ${label}`;
    button.setAttribute("aria-label", button.title);
  }
}
