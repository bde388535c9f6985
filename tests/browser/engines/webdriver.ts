/** A client of the W3C's WebDriver protocol, which every browser's driver speaks. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** How the protocol names an element in JSON. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Place {
  x: number;
  y: number;
}

/** One browser window under a driver's control. */
export class Session {
  private constructor(
    private readonly address: string,
    private readonly id: string,
  ) {}

  /** A new browser with these capabilities, by the driver at `address`. */
  static async open(address: string, capabilities: Json): Promise<Session> {
    const body = { capabilities: { alwaysMatch: capabilities } };
    const { sessionId } = (await send(`${address}/session`, "POST", body)) as { sessionId: string };
    return new Session(address, sessionId);
  }

  close(): Promise<Json> {
    return send(`${this.address}/session/${this.id}`, "DELETE");
  }

  async goto(url: string): Promise<void> {
    await this.#post("url", { url });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#post("window/rect", { width, height });
  }

  /** Runs a function in the page and waits for what it promises. Arguments and result are JSON. */
  async run<A extends Json[], R>(job: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    const script = `
      const done = arguments[arguments.length - 1];
      Promise.resolve().then(() => (${job})(...[...arguments].slice(0, -1))).then(
        (value) => done({ value }),
        (error) => done({ error: String(error) }));`;
    const reply = (await this.#post("execute/async", { script, args })) as {
      value?: unknown;
      error?: string;
    };
    if (reply.error !== undefined) throw new Error(`in the page: ${reply.error}`);
    return reply.value as Awaited<R>;
  }

  /** Clicks with the mouse in the middle of the element, as people do. */
  async click(selector: string): Promise<void> {
    await this.#post(`element/${await this.#find(selector)}/click`, {});
  }

  /** Types into a field, or gives a file's path to a file input. */
  async type(selector: string, text: string): Promise<void> {
    await this.#post(`element/${await this.#find(selector)}/value`, { text });
  }

  /** A click of the mouse on a place of the window, or a drag to another one. */
  async press(from: Place, to: Place | null = null): Promise<void> {
    const move = ({ x, y }: Place) => ({
      type: "pointerMove",
      duration: 50,
      origin: "viewport",
      x: Math.round(x),
      y: Math.round(y),
    });
    const steps: Json[] = [move(from), { type: "pointerDown", button: 0 }];
    if (to !== null) steps.push(move({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }), move(to));
    steps.push({ type: "pointerUp", button: 0 });
    const mouse = { type: "pointer", id: "mouse", parameters: { pointerType: "mouse" } };
    await this.#post("actions", { actions: [{ ...mouse, actions: steps }] });
  }

  /** Writes a PNG of what the window shows. */
  async screenshot(file: string): Promise<void> {
    // WebKit gives the frame before what was just changed.
    await this.run(() => new Promise((drawn) => setTimeout(drawn, 300)));
    const shot = await send(`${this.address}/session/${this.id}/screenshot`, "GET");
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, shot as string, "base64");
  }

  async #find(selector: string): Promise<string> {
    const found = await this.#post("element", { using: "css selector", value: selector });
    return (found as { [ELEMENT]: string })[ELEMENT];
  }

  #post(command: string, body: Json): Promise<Json> {
    return send(`${this.address}/session/${this.id}/${command}`, "POST", body);
  }
}

async function send(url: string, method: string, body?: Json): Promise<Json> {
  const response = await fetch(url, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    }),
  });
  const { value } = (await response.json()) as { value: Json };
  if (response.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`WebDriver: ${error}: ${message}`);
}
