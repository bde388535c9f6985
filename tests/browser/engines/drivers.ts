/** The browsers under test, each with the driver that its makers wrote. A missing one fails. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { WEB } from "../base";
import { Session } from "./webdriver";

export const ENGINES = ["chromium", "firefox", "webkit"] as const;
type Engine = (typeof ENGINES)[number];

/** `cargo xtask browsers` puts geckodriver here. */
const TOOLS = path.join(WEB, "../target/tools/bin");
const START_MS = 30_000;

interface Driver {
  command: string;
  options(port: number): string[];
  capabilities(profile: string, secret: boolean): object;
  /** Has no headless mode: it draws on a display that nobody sees. */
  display?: boolean;
}

const DRIVERS: Record<Engine, Driver> = {
  chromium: {
    command: "chromedriver",
    options: (port) => [`--port=${port}`],
    capabilities: (profile) => ({
      browserName: "chrome",
      "goog:chromeOptions": {
        args: ["--headless=new", "--no-sandbox", "--no-first-run", `--user-data-dir=${profile}`],
        ...(process.env.CHROMIUM && { binary: process.env.CHROMIUM }),
      },
    }),
  },
  firefox: {
    command: path.join(TOOLS, "geckodriver"),
    options: (port) => ["--port", `${port}`],
    capabilities: (_, secret) => ({
      browserName: "firefox",
      "moz:firefoxOptions": {
        args: ["-headless"],
        prefs: { "browser.privatebrowsing.autostart": secret },
      },
    }),
  },
  webkit: {
    command: "WebKitWebDriver",
    options: (port) => [`--port=${port}`],
    capabilities: () => ({ browserName: "MiniBrowser" }),
    display: true,
  },
};

/** A running browser; `end` closes all that was started for it. */
export class Browser {
  readonly #started: ChildProcess[] = [];
  #session: Session | null = null;
  #profile = "";

  get session(): Session {
    if (this.#session === null) throw new Error("the browser is not open");
    return this.#session;
  }

  /** `secret`: in a private window, where the driver can open one. */
  async open(engine: Engine, secret = false): Promise<void> {
    const { command, options, capabilities, display } = DRIVERS[engine];
    this.#profile = await mkdtemp(path.join(os.tmpdir(), "askmask-"));
    const environment = display ? { DISPLAY: await this.#display() } : {};
    const port = await freePort();
    const driver = this.#start(command, options(port), environment);
    const address = `http://127.0.0.1:${port}`;
    await answering(address, driver, command);
    this.#session = await Session.open(address, {
      ...capabilities(this.#profile, secret),
      timeouts: { script: 300_000 },
    });
    await this.#session.resize(1440, 900);
  }

  async end(): Promise<void> {
    await this.#session?.close().catch(() => undefined);
    for (const child of this.#started.reverse()) child.kill();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  #start(command: string, options: string[], environment: Record<string, string>): ChildProcess {
    const env = { ...process.env, ...environment };
    const child = spawn(command, options, { env, stdio: ["ignore", "pipe", "ignore"] });
    // One that is missing never gets a number; whoever waits for it tells.
    child.once("error", () => undefined);
    this.#started.push(child);
    return child;
  }

  /** Xvfb chooses a free display and tells its number. */
  #display(): Promise<string> {
    const screen = ["-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"];
    const server = this.#start("Xvfb", screen, {});
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.stdout?.once("data", (number) => resolve(`:${String(number).trim()}`));
    });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function answering(address: string, driver: ChildProcess, name: string): Promise<void> {
  const end = Date.now() + START_MS;
  while (driver.pid !== undefined && driver.exitCode === null && Date.now() < end) {
    const reply = await fetch(`${address}/status`).catch(() => null);
    if (reply?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} did not start: cargo xtask browsers installs it`);
}
