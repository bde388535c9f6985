/** The built site in the three browser engines, by their own drivers. */
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "engines",
  outputDir: ".results",
  reporter: [["list"]],
  fullyParallel: false,
  workers: 1,
  // WebKitGTK's worker was seen to end by itself, for no known cause. A second try is reported as flaky.
  retries: 1,
  forbidOnly: true,
  timeout: 600_000,
});
