/** The page's main job, the same in every browser engine: nothing is skipped where one is missing. */
import path from "node:path";
import { expect, test } from "@playwright/test";
import { WEB } from "../base";
import { Site } from "../page/site";
import { Browser, ENGINES } from "./drivers";
import { Person } from "./people";

const SHOTS = process.env.ASKMASK_SHOTS ?? ".shots";
const PORT = 4178;

/** What the engines before found: all must find the same, to the pixel. */
const found: string[] = [];

for (const engine of ENGINES) {
  test(`the main job in ${engine}`, async ({}, info) => {
    const site = await Site.copyTo(info.outputPath("site"), PORT, path.join(WEB, "dist"));
    await site.start();
    const browser = new Browser();
    try {
      await browser.open(engine);
      const { session } = browser;
      const person = new Person(session, site.address);
      const shoot = (name: string) => session.screenshot(`${SHOTS}/${engine}-${name}.png`);

      await test.step("a sample and two questions", async () => {
        await person.open();
        await person.ask("Where is the banana?");
        expect(await person.text("#answer-text")).toContain("banana");
        await person.ask("Where is the cheese?");
        expect(await person.text("#answer-text")).toContain("cheese");
      });

      await test.step("a click, a box, undo", async () => {
        const before = await person.text(".object-facts");
        await person.tool("include");
        await session.press(await person.place(0.5, 0.5));
        await person.idle();
        await person.sees("a point", () => document.querySelector("#undo")?.getAttribute("aria-label") === "Undo: point");
        await person.tool("box");
        await session.press(await person.place(0.3, 0.3), await person.place(0.6, 0.7));
        await person.sees("a box", () => document.querySelector("#undo")?.getAttribute("aria-label") === "Undo: box");
        await person.idle();
        await session.click("#undo");
        await session.click("#undo");
        expect(await person.text(".object-facts")).toBe(before);
        await shoot("answer");
      });

      await test.step("every kind of file", async () => {
        const files = await person.saveAll();
        const names = Object.keys(files).sort();
        expect(names).toEqual(["cheese-cutout.png", "cheese-mask.png", "cheese-mask.svg", "cheese-rle.json"]);
        expect(files["cheese-mask.png"]?.text).toBe("896 × 640");
        expect(files["cheese-cutout.png"]?.text).toBe("896 × 640");
        expect(JSON.parse(files["cheese-rle.json"]?.text ?? "").size).toEqual([640, 896]);
        expect(files["cheese-mask.svg"]?.text).toMatch(/^<svg[^>]* width="896" height="640"/);
        found.push(names.map((name) => `${name} ${files[name]?.bytes} ${files[name]?.text}`).join());
        expect(found.at(-1)).toBe(found[0]);
      });

      await test.step("a question that is stopped", async () => {
        await person.write("#question", "What is red?");
        // Twice at once: some engines answer before a driver comes back.
        await session.run(() => {
          const button = document.querySelector<HTMLElement>("#ask");
          button?.click();
          button?.click();
        });
        await person.says("#live", "Stopped.");
        await person.idle();
      });

      await test.step("a model by its address", async () => {
        await session.click("#models-open");
        // The last line to come; what is below it moves.
        await person.says("#in-use", "Memory");
        await session.click("#source-kinds input[value=address]");
        await person.write("#source-address", `${site.address}models/nano/`);
        await session.click("#source-submit");
        await person.says("#card-fit-title", "Fits this device");
        await shoot("card");
        await session.click("#card-start");
        await person.says("#models-live", "nano is ready.");
        await person.says("#in-use", `nano, localhost:${PORT}`);
        expect(await person.text("#in-use")).not.toContain("Note");
        await session.click("#models-close");
        await person.ask("Where is the banana?");
      });

      await test.step("a reload", async () => {
        await session.run(() => {
          const opacity = document.querySelector<HTMLInputElement>("#opacity");
          if (opacity) opacity.value = "96";
          opacity?.dispatchEvent(new Event("input", { bubbles: true }));
        });
        await person.reload();
        const shown = await session.run(() => {
          const checked = [...document.querySelectorAll<HTMLInputElement>("input:checked")];
          const opacity = document.querySelector<HTMLInputElement>("#opacity");
          return [opacity?.value ?? "", ...checked.map(({ value }) => value)];
        });
        // What the page begins with, whatever the browser brings back of its fields.
        expect(shown).toEqual(["55", "move", "overlay", "folder"]);
        await person.ask("Where is the banana?");
      });

      await test.step("the model is deleted", async () => {
        await session.click("#models-open");
        await person.sees("its row", () => document.querySelectorAll("#model-rows .model-row").length === 2);
        await person.says("#in-use", "Memory");
        await shoot("models");
        await session.click("#model-rows [aria-label='Delete nano']");
        await session.click(".confirm .danger");
        await person.says("#models-live", "nano deleted.");
        await session.click("#models-close");
        await person.ask("Where is the cheese?");
      });

      await test.step("without a network", async () => {
        await person.sees("all is kept", () => {
          document.querySelector<HTMLElement>("#models-close")?.click();
          document.querySelector<HTMLElement>("#models-open")?.click();
          return document.querySelector("#in-use")?.textContent?.includes("answers without a network") ?? false;
        });
        await site.stop();
        await person.reload();
        await person.ask("Where is the cheese?");
        expect(await person.text("#answer-text")).toContain("cheese");
      });
    } finally {
      await browser.end();
      await site.stop();
    }
  });
}

test("a private window fetches what an answer needs once", async ({}, info) => {
  const site = await Site.copyTo(info.outputPath("site"), PORT, path.join(WEB, "dist"));
  await site.start();
  const browser = new Browser();
  try {
    await browser.open("firefox", true);
    const person = new Person(browser.session, site.address);
    await person.open();
    await person.ask("Where is the banana?");
    await browser.session.click("#models-open");
    await person.says("#in-use", "Starts and answers without a network");
    const large = site.requests.filter((path) => /\.(wasm|safetensors)$/.test(path));
    expect(large.sort()).toEqual([...new Set(large)]);
    expect(large).toHaveLength(2);
  } finally {
    await browser.end();
    await site.stop();
  }
});
