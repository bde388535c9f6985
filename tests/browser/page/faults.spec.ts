/** Crashes, bad networks, foreign requests. */
import { expect, test } from "@playwright/test";
import { ask, askAndFind, idle, objects, onPicture, openPage, pickTool } from "./helpers";

test("fault 20: after a crash picture, edits and question live on", async ({ page }) => {
  await openPage(page);
  await askAndFind(page, "umbrella");
  await ask(page, "crash");
  await expect(page.locator("#note strong")).toHaveText("The computation stopped unexpectedly.");
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await expect(page.locator("#question")).toHaveValue("crash");
  // The old object can be refined although its worker is gone.
  await pickTool(page, "Include");
  await page.mouse.click(...(await onPicture(page, 0.3, 0.4)));
  await expect(page.locator("#undo")).toHaveAccessibleName("Undo: point");
  await askAndFind(page, "both");
  await expect(objects(page)).toHaveText(["Umbrella", "Red ball"]);
});

test("fault 18: an invalid GPU result is told and keeps the edits", async ({ page }) => {
  await openPage(page);
  await askAndFind(page, "umbrella");
  await ask(page, "invalid result");
  await expect(page.locator("#note strong")).toHaveText("The GPU's result is invalid");
  await expect(objects(page)).toHaveText(["Umbrella"]);
});

test("fault 13: without WebGPU a forced GPU is refused, and the CPU takes over", async ({ page }) => {
  await page.goto("./?device=gpu");
  await expect(page.locator("#preview")).toBeVisible();
  await ask(page, "umbrella");
  await expect(page.locator("#note strong")).toContainText("no WebGPU adapter");
  await page.getByRole("button", { name: "Use the CPU" }).click();
  await expect(objects(page)).toHaveText(["Umbrella"]);
  await expect(page.locator("#device-name")).toHaveText("Runs on CPU");
});

test("fault 26: a damaged model file is named, and trying again works", async ({ page }) => {
  let damaged = true;
  await page.route("**/model.safetensors*", async (route) => {
    if (damaged) await route.fulfill({ body: Buffer.alloc(20000) });
    else await route.continue();
  });
  await openPage(page);
  await ask(page, "umbrella");
  await expect(page.locator("#note strong")).toContainText("model.safetensors arrived damaged twice");
  damaged = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(objects(page)).toHaveText(["Umbrella"]);
});

test("fault 27: a missing model file is told with the server's answer", async ({ page }) => {
  await page.route("**/tokenizer.json*", (route) => route.fulfill({ status: 404 }));
  await openPage(page);
  await ask(page, "umbrella");
  await expect(page.locator("#note strong")).toHaveText(
    "localhost:4173 answered 404 for tokenizer.json: there is no such file.",
  );
});

test("no request leaves the page's origin, and none carries the picture", async ({ page }) => {
  const requests: { url: string; method: string; body: number }[] = [];
  page.on("request", (request) => {
    const body = request.postDataBuffer()?.length ?? 0;
    requests.push({ url: request.url(), method: request.method(), body });
  });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await openPage(page);
  expect(requests.filter(({ url }) => url.includes("safetensors"))).toEqual([]);
  await askAndFind(page, "umbrella secret-question");
  await idle(page);
  const foreign = requests.filter(({ url }) => !/^(blob:)?http:\/\/localhost:4173\//.test(url));
  expect(foreign).toEqual([]);
  expect(requests.filter(({ method, body }) => method !== "GET" || body > 0)).toEqual([]);
  expect(requests.filter(({ url }) => url.includes("secret"))).toEqual([]);
  expect(complaints).toEqual([]);
});
