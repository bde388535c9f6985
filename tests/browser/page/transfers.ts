/** Clipboards and drags, sent to the page as a browser would. */
import type { Page } from "@playwright/test";

export interface Contents {
  [type: string]: string;
}

/** Pastes on an element; whether the page took it from the browser. A picture comes by its bytes. */
export async function paste(page: Page, on: string, contents: Contents, picture?: Buffer): Promise<boolean> {
  return page.evaluate(
    ([on, contents, base64]) => {
      const data = new DataTransfer();
      for (const [type, text] of Object.entries(contents)) data.setData(type, text);
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      if (bytes.length > 0) data.items.add(new File([bytes], "image.png", { type: "image/png" }));
      const target = document.querySelector<HTMLElement>(on) ?? document.body;
      target.focus();
      return !target.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
      );
    },
    [on, contents, picture?.toString("base64") ?? ""] as const,
  );
}

/** Drags over an element and drops there; whether the page took both from the browser. */
export async function drop(page: Page, on: string, contents: Contents): Promise<[boolean, boolean]> {
  return page.evaluate(
    ([on, contents]) => {
      const data = new DataTransfer();
      for (const [type, text] of Object.entries(contents)) data.setData(type, text);
      const send = (type: string) =>
        !document
          .querySelector(on)
          ?.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      return [send("dragover"), send("drop")] as [boolean, boolean];
    },
    [on, contents] as const,
  );
}

/** What a spreadsheet copies; a picture of it comes along. */
export const CELLS = {
  "text/plain": "Where is the cup?",
  "text/html": "<table><tr><td>Where is the cup?</td></tr></table>",
};
