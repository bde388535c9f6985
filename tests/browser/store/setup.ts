import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import type { Harness } from "../harness/harness";
import { FaultyServer } from "../server/faulty";
import { makeModel, type ModelFolder } from "../server/model";

type Source = Parameters<Harness["load"]>[0];
type Options = Parameters<Harness["load"]>[1];
export type LoadResult = Awaited<ReturnType<Harness["load"]>>;

/** A page with the harness. */
export class Tab {
  constructor(readonly page: Page) {}

  static async open(context: BrowserContext): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.reload();
    return tab;
  }

  async reload(): Promise<void> {
    await this.page.goto("./");
    await this.page.waitForFunction(() => "harness" in globalThis);
  }

  load(source: Source, options: Options = {}): Promise<LoadResult> {
    return this.page.evaluate(([from, how]) => harness.load(from, how), [source, options] as const);
  }

  /** Waits until the running load holds so many bytes. */
  async progressed(bytes: number): Promise<void> {
    await this.page.waitForFunction((least) => (harness.progress.at(-1)?.done ?? 0) >= least, bytes);
  }

  ask(question: string) {
    return this.page.evaluate((text) => harness.ask(text), question);
  }

  models() {
    return this.page.evaluate(() => harness.askmask.models());
  }

  async storedBytes(): Promise<number> {
    const [model, ...others] = await this.models();
    expect(others).toEqual([]);
    return model?.storedBytes ?? 0;
  }
}

interface Fixtures {
  server: FaultyServer;
  tab: Tab;
  /** The model on the server, by its manifest. */
  source: { kind: "manifest"; url: string };
}

export const test = base.extend<Fixtures, { model: ModelFolder }>({
  model: [
    async ({}, use, { project }) => use(await makeModel(`${project.outputDir}/noise`)),
    { scope: "worker" },
  ],
  server: async ({ model }, use) => {
    const server = new FaultyServer(model.folder);
    await server.start();
    await use(server);
    await server.stop();
  },
  tab: async ({ context }, use) => use(await Tab.open(context)),
  source: async ({ server }, use) => use({ kind: "manifest", url: `${server.address}/noise/manifest.json` }),
});

/**
 * Loads with the connection broken once `held` bytes of `file`, and all other
 * files, have arrived. `then` is set to what the server does next.
 */
export async function loadBroken(
  { tab, server, source, model }: Pick<Fixtures, "tab" | "server" | "source"> & { model: ModelFolder },
  file: string,
  held: number,
  then: () => void = () => undefined,
): Promise<LoadResult> {
  const size = model.files.find(({ name }) => name === file)?.bytes ?? 0;
  server.order(file, { stall: held, times: 1 });
  const loading = tab.load(source, { retry: { idle: 60_000, delay: 20 } });
  await tab.progressed(model.bytes - size + held);
  then();
  server.drop();
  return loading;
}

/** Body bytes of all responses. */
export function sent(server: FaultyServer): number {
  return server.log
    .filter(({ file }) => file !== "manifest.json")
    .reduce((sum, entry) => sum + entry.sent, 0);
}

/** The sentences that a load said while it was held up. */
export function notes({ progress }: LoadResult, hold: string): string[] {
  const held = progress.filter((event) => event.hold === hold);
  return [...new Set(held.map(({ note = "" }) => note))];
}

export { expect };
