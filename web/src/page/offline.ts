/** The page's side of the service worker: works offline, and tells when an update waits. */

import type { FromServiceWorker, Group, ToServiceWorker } from "../sw/site";

/** `page`: starts offline, but its model was never used; `ready`: answers offline. */
export type OfflineState = "unavailable" | "page" | "ready";

export class Offline {
  state: OfflineState = "unavailable";
  /** A new version that waits to take over. */
  #waiting: ServiceWorker | null = null;
  #listeners: (() => void)[] = [];

  get updateReady(): boolean {
    return this.#waiting !== null;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Not while developing, where files change under it, and not on addresses that know none. */
  async start(): Promise<void> {
    if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
    const address = new URL("sw.js", document.baseURI);
    const registration = await navigator.serviceWorker.register(address, {
      updateViaCache: "none",
    });
    this.#follow(registration);
    await navigator.serviceWorker.ready;
    this.#set("page");
  }

  /** Keeps what the first answer needed, so that the next one needs no network. */
  async keep(groups: Group[]): Promise<void> {
    if (this.state !== "page") return;
    const { active } = await navigator.serviceWorker.ready;
    const reply = active ? await send(active, { type: "keep", groups }) : null;
    if (reply?.type === "kept") this.#set("ready");
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
    this.#changed();
  }

  #set(state: OfflineState): void {
    this.state = state;
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function send(worker: ServiceWorker, message: ToServiceWorker): Promise<FromServiceWorker> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<FromServiceWorker>) => resolve(data);
    worker.postMessage(message, [port2]);
  });
}
