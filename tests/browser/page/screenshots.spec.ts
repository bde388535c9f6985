/** Pictures of the page for people to look at: width × color scheme. */
import path from "node:path";
import { expect } from "@playwright/test";
import { FAKE } from "../base";
import { askAndFind, openPage } from "./helpers";
import { closeModels, lookAt, openModels, startButton, test } from "./models";
import { look, test as rawTest } from "./raw";

const PHOTOGRAPH = path.join(FAKE, "../../fixtures/photographs/coffee.jpg");
const SIZES = [390, 1440].map((width) => ({ width, height: width < 500 ? 844 : 900 }));
const SCHEMES = ["light", "dark"] as const;
const SHOTS = process.env.ASKMASK_SHOTS ?? ".shots";

for (const viewport of SIZES) {
  for (const colorScheme of SCHEMES) {
    const name = (state: string) => `${SHOTS}/${viewport.width}-${colorScheme}-${state}.png`;

    rawTest.describe(`screenshots ${viewport.width} ${colorScheme} of a repository`, () => {
      rawTest.use({ viewport, colorScheme });
      rawTest("from its card to its place in the list", async ({ page, server }) => {
        await openPage(page);
        await openModels(page);
        await page.screenshot({ path: name("list") });
        await page.locator("#add-title").scrollIntoViewIfNeeded();
        await page.locator("#source-submit").scrollIntoViewIfNeeded();
        await page.screenshot({ path: name("list-end") });
        await closeModels(page);
        await look(page);
        await page.screenshot({ path: name("repository") });
        await page.locator("#card-device").scrollIntoViewIfNeeded();
        await page.screenshot({ path: name("repository-levers") });
        server.pause = 100;
        await startButton(page).click();
        await expect(page.locator("#install-detail")).toContainText("left");
        await page.screenshot({ path: name("converting") });
        server.pause = 0;
        await expect(page.locator("#models-live")).toHaveText("photos is ready.");
        await page.screenshot({ path: name("converted") });
      });
    });

    test.describe(`screenshots ${viewport.width} ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });

      test("page", async ({ page }) => {
        await openPage(page);
        await page.screenshot({ path: name("start") });
        await askAndFind(page, "Show both, what keeps the rain out and what can roll away?");
        await page.screenshot({ path: name("answer"), fullPage: true });
      });

      test("a photograph", async ({ page }) => {
        await openPage(page);
        await page.locator("#file").setInputFiles(PHOTOGRAPH);
        await expect(page.locator("#photograph")).toBeVisible();
        await page.screenshot({ path: name("photograph") });
      });

      test("models", async ({ page, server }) => {
        await lookAt(page, server.address);
        await page.screenshot({ path: name("model") });
        server.pause = 300;
        await startButton(page).click();
        await expect(page.locator("#install-detail")).toContainText("left");
        await page.screenshot({ path: name("model-coming") });
        await closeModels(page);
        await page.screenshot({ path: name("page-coming") });
        server.pause = 0;
        await openModels(page);
        await expect(page.locator("#models-live")).toHaveText("Noise is ready.");
        await page.getByRole("button", { name: "Delete Noise" }).click();
        await page.screenshot({ path: name("models") });
      });

      test("a model that fails", async ({ page, server, model }) => {
        await lookAt(page, server.address);
        server.order(model.files.at(-1)?.name ?? "", { status: 403 });
        await startButton(page).click();
        await expect(page.locator("#card-error")).not.toBeEmpty();
        await expect(startButton(page)).toBeEnabled();
        await page.screenshot({ path: name("model-failed") });
      });

      test.describe("a model that is too large", () => {
        test.use({ modelName: "huge" });
        test("card", async ({ page, server }) => {
          await lookAt(page, server.address);
          await page.screenshot({ path: name("model-too-large") });
        });
      });
    });
  }
}
