/** Saves a stored model as a folder, for a stick, a class, or a web server. */

import { modelFiles, type StoredModel } from "../../lib";
import { saveFile } from "../dom";
import { plural } from "../words";

/** Not in every browser; the others save file by file. */
interface DirectoryPicker {
  showDirectoryPicker(options: { mode: "readwrite" }): Promise<FileSystemDirectoryHandle>;
}

/** What was done, in one sentence; `say` hears what is being done. */
export async function saveModel(
  { key, name, source }: StoredModel,
  say: (text: string) => void,
): Promise<string> {
  const picker: object = window;
  // First, while the browser still knows that a person asked.
  const chosen = hasPicker(picker) ? await picker.showDirectoryPicker({ mode: "readwrite" }) : null;
  const files = await modelFiles(key);
  if (chosen === null) {
    for (const [file, blob] of files) saveFile(blob, file);
    return `${plural(files.size, "file")} of ${name} go to your downloads. Put them into one folder.`;
  }
  const bits = "bits" in source && source.bits === 8 ? " 8 bits" : "";
  const folder = await chosen.getDirectoryHandle(folderName(name + bits), { create: true });
  // What is there of an earlier one is no model until all of this one is.
  await folder.removeEntry("manifest.json").catch(() => undefined);
  let saved = 0;
  for (const [file, blob] of last("manifest.json", files)) {
    say(`Saving ${name}, file ${++saved} of ${files.size}.`);
    const writable = await (await folder.getFileHandle(file, { create: true })).createWritable();
    await blob.stream().pipeTo(writable);
  }
  return `${name} is saved in ${folder.name}.`;
}

function hasPicker(scope: object): scope is DirectoryPicker {
  return "showDirectoryPicker" in scope;
}

/** With one entry at the end: a folder without its manifest opens nowhere. */
function last(name: string, files: ReadonlyMap<string, Blob>): [string, Blob][] {
  return [...files].sort(([a], [b]) => Number(a === name) - Number(b === name));
}

function folderName(name: string): string {
  return name.replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[.-]+|[.-]+$/g, "") || "model";
}
