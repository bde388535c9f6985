/** The built site in the three browser engines, by their own drivers. */
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "engines",
  outputDir: ".results",
  reporter: [["list"]],
  fullyParallel: false,
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 600_000,
});
