/** What a clipboard or a drag holds: a picture's file, its address, or text. */

/** Addresses that stand for a picture's own bytes or lead to them. */
const ADDRESS = /^(?:https?|data|blob):/i;

/** What of `DataTransfer` is read. */
export interface Transfer {
  files: ArrayLike<File>;
  getData(type: string): string;
}

/** The first picture among the files; else the first file, to be told what it is. */
export function fileOf({ files }: Transfer): File | null {
  const all = Array.from(files);
  return all.find(({ type }) => type.startsWith("image/")) ?? all[0] ?? null;
}

/**
 * Text that somebody wants to paste. Beside a picture that is what Excel, Word and OneNote put
 * there; a file's name, or the address that a browser adds to a copied picture, is none.
 */
export function textOf(transfer: Transfer): string {
  const text = transfer.getData("text/plain").trim();
  const names = Array.from(transfer.files, ({ name }) => name);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const isName = (line: string) =>
    /^(?:https?|data|blob|file):\S*$/i.test(line) ||
    names.some((name) => line === name || line.endsWith(`/${name}`) || line.endsWith(`\\${name}`));
  return lines.every(isName) ? "" : text;
}

/**
 * The address of a picture that was dragged from a page: the picture's own, then that of a link
 * around it. `sources` finds the pictures in HTML.
 */
export function addressOf(
  transfer: Transfer,
  sources: (html: string) => readonly string[],
): string | null {
  // Chromium's own: type, name and address, of which only the last may hold a colon.
  const [, download = ""] = /^[^:]*:[^:]*:(.*)$/s.exec(transfer.getData("DownloadURL")) ?? [];
  const links = transfer.getData("text/uri-list").split(/\r?\n/);
  const candidates = [...sources(transfer.getData("text/html")), download, ...links];
  return candidates.map((text) => text.trim()).find((text) => ADDRESS.test(text)) ?? null;
}

/** The pictures in a dragged piece of a page; nothing of it is fetched or run. */
export function picturesIn(html: string): string[] {
  const { images } = new DOMParser().parseFromString(html, "text/html");
  return Array.from(images, (image) => image.getAttribute("src") ?? "");
}

/** What a picture at an address is called. */
export function nameOf(address: string): string {
  if (!/^https?:/i.test(address)) return "Dropped picture";
  const name = new URL(address).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(name) || "Dropped picture";
  } catch {
    return name;
  }
}
