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
