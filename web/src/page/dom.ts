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

/** Offers a file for saving. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  // The browser needs the address until it has started to save.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
