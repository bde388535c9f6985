/** The custom element, on a page that holds little else. */
import { expect, test } from "@playwright/test";

test("shows the picture and fires result, token and progress", async ({ page }) => {
  await page.addInitScript(() => {
    const seen: Record<string, unknown[]> = { progress: [], token: [], result: [], error: [] };
    Object.assign(window, { seen });
    for (const [type, list] of Object.entries(seen)) {
      const listen = (event: Event) => list.push((event as CustomEvent).detail);
      // The events do not bubble; capturing sees them all the same.
      document.addEventListener(type, listen, true);
    }
  });
  await page.route("**/samples/kitchen.webp", (route) =>
    route.fulfill({ path: `${import.meta.dirname}/../fake/public/samples/desk.png` }),
  );
  await page.goto("./element.html");
  await expect(page.locator("ask-mask canvas")).toBeVisible();
  const seen = await page.evaluate(() => {
    const { seen } = window as unknown as { seen: Record<string, unknown[]> };
    const [result] = seen.result as { text: string; objects: { area: number }[] }[];
    return {
      tokens: seen.token?.join(""),
      text: result?.text,
      area: result?.objects[0]?.area,
      progress: seen.progress?.length,
    };
  });
  expect(seen.text).toContain("umbrella");
  expect(seen.tokens).toBe(seen.text);
  expect(seen.area).toBeGreaterThan(1000);
  expect(seen.progress).toBeGreaterThan(3);
});

test("an address that answers with an error says which", async ({ page }) => {
  const missing = (status: number) => ({ status, contentType: "text/html", body: "<h1>Not here</h1>" });
  await page.route("**/gone.png", (route) => route.fulfill(missing(404)));
  await page.route("**/samples/kitchen.webp", (route) => route.fulfill(missing(503)));
  await page.addInitScript(() => {
    const errors: string[] = [];
    Object.assign(window, { errors });
    document.addEventListener("error", ({ detail }: Event & { detail?: Error & { code?: string } }) => errors.push(`${detail?.code}: ${detail?.message}`), true);
  });
  await page.goto("./element.html");
  const errors = () => page.evaluate(() => (window as unknown as { errors: string[] }).errors);
  await expect.poll(errors).toHaveLength(1);
  await page.locator("ask-mask").evaluate((element) => element.setAttribute("src", "gone.png"));
  await expect.poll(errors).toHaveLength(2);
  expect((await errors())[0]).toMatch(/^network: The server answered 503 .*samples\/kitchen\.webp/);
  expect((await errors())[1]).toMatch(/^network: The server answered 404 .*gone\.png/);
});
