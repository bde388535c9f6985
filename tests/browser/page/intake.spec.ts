/** Clipboards and drags that hold more, or less, than a picture's file. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { FAKE } from "../base";
import { ask, askAndFind, objects, openPage } from "./helpers";
import { CELLS, type Contents, drop, paste } from "./transfers";

const DESK = path.join(FAKE, "public/samples/desk.png");
const SITE = "http://localhost:4173";

test.beforeEach(({ page }) => openPage(page));

test("cells pasted into the question are text, whatever picture of them comes along", async ({ page }) => {
  await askAndFind(page, "umbrella");
  expect(await paste(page, "#question", CELLS, await readFile(DESK))).toBe(false);
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await expect(page.locator("#live")).not.toContainText("is ready");
});

test("cells pasted beside the question go into it", async ({ page }) => {
  await askAndFind(page, "umbrella");
  await page.locator("#question").fill("");
  expect(await paste(page, "#canvas", CELLS, await readFile(DESK))).toBe(true);
  await expect(page.locator("#question")).toHaveValue("Where is the cup?");
  await expect(page.locator("#question")).toBeFocused();
  await expect(objects(page)).toHaveText(["Umbrella"]);
});

const PICTURES: [string, Contents][] = [
  ["a picture alone", {}],
  ["a file with its name", { "text/plain": "image.png" }],
  ["a file with its path", { "text/plain": "/home/somebody/image.png" }],
  ["a picture with its address", { "text/plain": "https://example.org/image.png", "text/html": "<img src='https://example.org/image.png'>" }],
];
for (const [what, contents] of PICTURES) {
  test(`${what} pasted into the question is opened`, async ({ page }) => {
    expect(await paste(page, "#question", contents, await readFile(DESK))).toBe(true);
    await expect(page.locator("#live")).toHaveText("image.png is ready, 640 by 480 pixels.");
  });
}

test("a picture dragged from this site is opened", async ({ page }) => {
  const address = `${SITE}/samples/desk.png`;
  const contents = { "text/uri-list": address, "text/html": `<meta charset="utf-8"><img src="${address}">` };
  expect(await drop(page, "#viewport", contents)).toEqual([true, true]);
  await expect(page.locator("#live")).toHaveText("desk.png is ready, 640 by 480 pixels.");
});

test("a picture that is its own address is opened without a request", async ({ page }) => {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  const address = `data:image/png;base64,${await readFile(DESK, "base64")}`;
  await drop(page, "#viewport", { "text/uri-list": address, "text/html": `<img src="${address}">` });
  await expect(page.locator("#live")).toHaveText("Dropped picture is ready, 640 by 480 pixels.");
  const blob = await page.evaluate(async () => {
    const response = await fetch("samples/desk.png");
    return URL.createObjectURL(await response.blob());
  });
  await page.locator("#live").evaluate((live) => live.replaceChildren());
  await drop(page, "#viewport", { "text/html": `<img src="${blob}">` });
  await expect(page.locator("#live")).toHaveText("Dropped picture is ready, 640 by 480 pixels.");
  expect(complaints).toEqual([]);
});

test("a picture of another site is explained, asked of nobody, and stops nothing", async ({ page }) => {
  const foreign: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("example.org")) foreign.push(request.url());
  });
  await ask(page, "slow");
  await expect(page.locator("#answer-text")).toContainText("slowly");
  const link = { "text/uri-list": "https://example.org/page", "text/html": '<a href="https://example.org/page"><img src="https://example.org/cat.jpg"></a>' };
  expect(await drop(page, "body", link)).toEqual([true, true]);
  await expect(page.locator("#note strong")).toHaveText("This page may not read pictures from example.org.");
  await expect(page.locator("#note")).toContainText("Save the picture and open the file");
  await expect(page.getByRole("button", { name: "Try again" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  expect(foreign).toEqual([]);
  expect(page.url()).toBe(`${SITE}/`);
});

test("an allowed host that refuses, or has no such picture, is told", async ({ page }) => {
  await drop(page, "#viewport", { "text/uri-list": "http://localhost:4190/closed.png" });
  await expect(page.locator("#note strong")).toContainText("http://localhost:4190/closed.png cannot be reached");
  await page.route("**/gone.png", (route) => route.fulfill({ status: 404, contentType: "text/html" }));
  await drop(page, "#viewport", { DownloadURL: `image/png:gone.png:${SITE}/samples/gone.png` });
  await expect(page.locator("#note strong")).toHaveText(`The server answered 404 Not Found for ${SITE}/samples/gone.png.`);
});

test("what holds no picture changes nothing, and leaves nothing", async ({ page }) => {
  await askAndFind(page, "umbrella");
  expect(await drop(page, "body", { "text/plain": "some words" })).toEqual([true, true]);
  await expect(page.locator("#note strong")).toHaveText("What was dropped holds no picture.");
  await expect(objects(page)).toHaveText(["Umbrella"]);
  // Words that are dragged into a field are the browser's to put there.
  expect(await drop(page, "#question", { "text/plain": "some words" })).toEqual([false, false]);
});
