/** Small helpers around the DOM. Text always goes in as text. */

/** The element with this id; the page's own markup has it. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`#${id} is missing from index.html`);
}

/** A new element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A button that says what it does. */
export function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  const element = make("button", { type: "button", className }, label);
  element.addEventListener("click", onClick);
  return element;
}

/** Rows of a `<dl>`; those without a value are left out. */
export function facts(
  host: HTMLElement,
  rows: readonly (readonly [string, string | null])[],
): void {
  const known = rows.filter(([, value]) => value !== null && value !== "");
  host.replaceChildren(
    ...known.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value ?? "")]),
  );
}

/** One of the icons that index.html defines. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows an icon and is named for screen readers. */
export function iconButton(name: string, label: string, onClick: () => void): HTMLButtonElement {
  const button = make(
    "button",
    { type: "button", className: "icon-button", title: label },
    icon(name),
  );
  button.setAttribute("aria-label", label);
  button.addEventListener("click", onClick);
  return button;
}

/** Native radio buttons that look like one segmented control. */
export function radios<T extends string | number>(
  host: HTMLElement,
  options: readonly { value: T; label: string }[],
  content: (value: T, label: string) => (Node | string)[],
  onPick: (value: T) => void,
): Map<T, HTMLInputElement> {
  const inputs = new Map<T, HTMLInputElement>();
  for (const { value, label } of options) {
    const input = make("input", { type: "radio", name: host.id, value: String(value) });
    // The page knows what is chosen; a browser that brings back an earlier choice does not tell.
    input.autocomplete = "off";
    input.addEventListener("change", () => onPick(value));
    host.append(make("label", {}, input, make("span", {}, ...content(value, label))));
    inputs.set(value, input);
  }
  return inputs;
}

/** Offers a file for saving. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  // The browser needs the address until it has started to save.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
