/** What people do on the page, and what they then see, in any browser. */
import { expect } from "@playwright/test";
import type { Place, Session } from "./webdriver";

/** The page's own words are read and its own controls used; nothing of its code is called. */
export class Person {
  constructor(
    private readonly session: Session,
    private readonly address: string,
  ) {}

  async open(): Promise<void> {
    await this.session.goto(this.address);
    await this.started();
  }

  /** The driver's own refresh passes by the service worker in Firefox. */
  async reload(): Promise<void> {
    await this.session.run(() => {
      document.body.dataset.left = "yes";
      setTimeout(() => location.reload());
    });
    await this.sees("the page anew", () => document.body.dataset.left === undefined);
    await this.started();
  }

  started(): Promise<void> {
    return this.sees("a sample", () => {
      const preview = document.querySelector("#preview");
      return preview instanceof HTMLImageElement && preview.naturalWidth > 0 && !preview.hidden;
    });
  }

  /** Waits until the page says that something is so. */
  async sees(what: string, check: () => boolean): Promise<void> {
    const seen = () => this.session.run(check).catch(() => false);
    await expect.poll(seen, { message: what, timeout: 240_000, intervals: [200] }).toBe(true);
  }

  async text(selector: string): Promise<string> {
    const read = (it: string) => document.querySelector(it)?.textContent ?? "";
    return this.session.run(read, selector);
  }

  async says(selector: string, text: string): Promise<void> {
    const read = () => this.text(selector).catch(() => "");
    const options = { message: `${selector} says “${text}”`, timeout: 240_000, intervals: [200] };
    await expect.poll(read, options).toContain(text);
  }

  /** Asks and waits for the answer and its mask. */
  async ask(question: string): Promise<void> {
    await this.write("#question", question);
    await this.session.click("#ask");
    await this.says("#answer-question", question);
    await this.idle();
    expect(await this.text("#note"), question).toBe("");
    await this.sees("an object", () => document.querySelector(".object") !== null);
  }

  async write(selector: string, text: string): Promise<void> {
    await this.session.run((it) => {
      const field = document.querySelector<HTMLInputElement>(it);
      if (field) field.value = "";
    }, selector);
    await this.session.type(selector, text);
  }

  idle(): Promise<void> {
    return this.sees("no work", () => document.querySelector("#ask")?.textContent === "Ask");
  }

  tool(name: string): Promise<void> {
    return this.session.click(`#tools input[value=${name}]`);
  }

  /** A place in the window by fractions of the picture, which is shown as large as it fits. */
  place(fx: number, fy: number): Promise<Place> {
    return this.session.run(
      (fx, fy) => {
        const box = document.querySelector("#canvas")?.getBoundingClientRect() ?? new DOMRect();
        const [width, height] = [896, 640];
        const scale = Math.min(box.width / width, box.height / height);
        return {
          x: box.x + box.width / 2 + (fx - 0.5) * width * scale,
          y: box.y + box.height / 2 + (fy - 0.5) * height * scale,
        };
      },
      fx,
      fy,
    );
  }

  /** Saves the first object in every way; the files by their names, as text or base64. */
  async saveAll(): Promise<Record<string, { type: string; bytes: number; text: string }>> {
    // What a browser's own download does is the browser's; the file is taken where it begins.
    await this.session.run(() => {
      const saved: [string, Blob][] = [];
      const blobs = new Map<string, Blob>();
      const create = URL.createObjectURL;
      URL.createObjectURL = (blob: Blob) => {
        const url = create(blob);
        blobs.set(url, blob);
        return url;
      };
      HTMLAnchorElement.prototype.click = function () {
        saved.push([this.download, blobs.get(this.href) ?? new Blob()]);
      };
      Object.assign(window, { saved });
    });
    for (let which = 1; which <= 4; which++) {
      await this.session.click(`.object .exports button:nth-of-type(${which})`);
      const count = (which: number) => (window as unknown as { saved: [] }).saved.length === which;
      const done = () => this.session.run(count, which);
      await expect.poll(done, { message: `file ${which}`, timeout: 60_000 }).toBe(true);
    }
    return this.session.run(async () => {
      const { saved } = window as unknown as { saved: [string, Blob][] };
      const read = async ([name, blob]: [string, Blob]) => {
        const picture = blob.type === "image/png" ? await createImageBitmap(blob) : null;
        const text = picture ? `${picture.width} × ${picture.height}` : await blob.text();
        return [name, { type: blob.type, bytes: blob.size, text }] as const;
      };
      return Object.fromEntries(await Promise.all(saved.map(read)));
    });
  }
}
