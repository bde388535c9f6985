/** The page's side of the service worker: works offline, and tells when an update waits. */

import type { FromServiceWorker, Group, ToServiceWorker } from "../sw/site";
import { Observable } from "./observable";

/** Longer than a first visit takes to get its service worker, and no loss to a first answer. */
const PATIENCE_MS = 3_000;

export class Offline extends Observable {
  /** What needs no network any more; empty where the browser keeps nothing. */
  kept: readonly Group[] = [];
  /** A new version that waits to take over. */
  #waiting: ServiceWorker | null = null;
  #asking = false;

  get updateReady(): boolean {
    return this.#waiting !== null;
  }

  /**
   * Settles once the service worker sees what the page fetches, so that nothing large is fetched
   * twice: for the page and to be kept. Where that takes long, or never comes, it settles too.
   */
  readonly settled: Promise<void>;
  #settle: () => void = () => undefined;

  constructor() {
    super();
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
      setTimeout(resolve, PATIENCE_MS);
    });
  }

  /** Registers the service worker and asks what it keeps. */
  async start(): Promise<void> {
    try {
      await this.#register();
    } finally {
      this.#settle();
    }
  }

  /** Not while developing, where files change under it, and not on addresses that know none. */
  async #register(): Promise<void> {
    if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
    const address = new URL("sw.js", document.baseURI);
    const registration = await navigator.serviceWorker.register(address, {
      updateViaCache: "none",
    });
    this.#follow(registration);
    await this.#ask([]);
  }

  /** Keeps what an answer needed, so that the next one needs no network. */
  async keep(groups: readonly Group[]): Promise<void> {
    if (this.kept.length === 0 || this.#asking) return;
    if (groups.some((group) => !this.kept.includes(group))) await this.#ask(groups);
  }

  /** Reloads into the waiting version. Returns the tabs in use where that cannot be yet. */
  async update(): Promise<number> {
    const waiting = this.#waiting;
    if (waiting === null) return 0;
    waiting.addEventListener("statechange", () => {
      if (waiting.state === "activated") location.reload();
    });
    const reply = await send(waiting, { type: "activate" });
    return reply.type === "in-use" ? reply.tabs : 0;
  }

  #follow(registration: ServiceWorkerRegistration): void {
    // Without an active one this is the first version, which updates nothing.
    const offer = (worker: ServiceWorker | null) => {
      if (worker?.state === "installed" && registration.active !== null) this.#offer(worker);
    };
    offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => offer(worker));
    });
  }

  #offer(worker: ServiceWorker): void {
    this.#waiting = worker;
    this.changed();
  }

  async #ask(groups: readonly Group[]): Promise<void> {
    this.#asking = true;
    const { active } = await navigator.serviceWorker.ready;
    const reply = active ? await send(active, { type: "keep", groups: [...groups] }) : null;
    this.#asking = false;
    if (reply?.type === "kept") this.kept = reply.groups;
    this.changed();
  }
}

function send(worker: ServiceWorker, message: ToServiceWorker): Promise<FromServiceWorker> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<FromServiceWorker>) => resolve(data);
    worker.postMessage(message, [port2]);
  });
}
