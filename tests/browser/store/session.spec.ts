/** What callers of the library rely on: sources as text, masks that outlive everything, traces. */
import { expect, Tab, test } from "./setup";

/** The page's own model, by its name. */
async function loadNano(tab: Tab): Promise<void> {
  expect(await tab.load("nano")).toMatchObject({ error: null, notice: null, device: "cpu" });
}

test("loads by name, by address and from a hub", async ({ tab, server, source, context }) => {
  await context.route("https://huggingface.co/**", (route) => route.abort());
  await loadNano(tab);
  const folder = source.url.replace("manifest.json", "");
  expect(await tab.load(folder)).toMatchObject({ error: null });
  expect(await tab.models()).toMatchObject([{ source, complete: true }]);
  const report = await tab.page.evaluate((from) => harness.askmask.preflight(from), folder);
  expect(report).toMatchObject({ name: "Noise", preflight: { download: 0 } });
  server.reset();
  const { error } = await tab.load("hub:some/model@refs/pr/1");
  // Nothing outside this machine is asked.
  expect(error).toMatchObject({ code: "network", message: expect.stringContaining("huggingface.co") });
});

test("text that names no model is a typed error", async ({ tab, server }) => {
  for (const text of ["nanoo", "hub:model", "ftp://host.example/model"]) {
    const { error } = await tab.load(text);
    expect(error).toMatchObject({ code: "unsupported-model", hint: expect.stringContaining("hub:OWNER") });
  }
  expect(server.log).toEqual([]);
});

test("answers in visible and in marked text", async ({ tab }) => {
  await loadNano(tab);
  const { text, marked, written } = await tab.page.evaluate(() => harness.answer("both"));
  expect(marked).toBe("The umbrella [SEG] and the red ball [SEG].");
  expect(text).toBe("The umbrella and the red ball.");
  expect(written).toBe(text);
});

test("a mask becomes pixels and files, also once its model is gone", async ({ tab }) => {
  await loadNano(tab);
  const files = (which: number) => tab.page.evaluate((it) => harness.maskFiles(it), which);
  await tab.page.evaluate(() => harness.answer("both"));
  const first = await files(0);
  expect(first.inside).toBeGreaterThan(0);
  expect(first).toMatchObject({ inside: first.area, type: "image/png", refused: "invalid-query" });
  // In a worker that was never told of the mask, and then without any model.
  await tab.page.evaluate(() => harness.answer("crash").catch(() => undefined));
  expect(await files(0)).toEqual(first);
  await tab.page.evaluate(() => harness.dispose());
  expect(await files(0)).toEqual(first);
  const second = await files(1);
  expect(second).toMatchObject({ inside: second.area });
});

test("traces the stages for whoever listens, and for nobody else", async ({ tab }) => {
  await loadNano(tab);
  const traced = await tab.page.evaluate(() => harness.answer("umbrella", true));
  expect(traced.trace).toEqual([
    { stage: "image-tokens", index: 0, shape: [1, 2], values: [0.5, -1] },
    { stage: "lm-inputs-embeds", index: 0, shape: [1, 2], values: [0.5, -1] },
  ]);
  const news = () => tab.page.evaluate(() => harness.news.filter(({ event }) => event === "trace").length);
  await expect.poll(news).toBe(2);
  await tab.page.evaluate(() => harness.answer("umbrella"));
  expect(await news()).toBe(2);
});
