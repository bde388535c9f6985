/** Pictures of the page for people to look at: width × color scheme. */
import { test } from "@playwright/test";
import { askAndFind, openPage } from "./helpers";

const SHOTS = process.env.ASKMASK_SHOTS ?? ".shots";

for (const width of [390, 1440]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`screenshot ${width} ${colorScheme}`, async ({ page }) => {
      await page.setViewportSize({ width, height: width < 500 ? 844 : 900 });
      await page.emulateMedia({ colorScheme });
      await openPage(page);
      await page.screenshot({ path: `${SHOTS}/${width}-${colorScheme}-start.png` });
      await askAndFind(page, "Show both, what keeps the rain out and what can roll away?");
      await page.screenshot({ path: `${SHOTS}/${width}-${colorScheme}-answer.png`, fullPage: true });
    });
  }
}
