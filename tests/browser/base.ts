import path from "node:path";
import type { PlaywrightTestConfig } from "@playwright/test";

export const WEB = path.join(import.meta.dirname, "../../web");
export const FAKE = path.join(import.meta.dirname, "fake");

/** Debian's Chromium, or another one named in the environment. */
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** WebGPU in software: slow, but the same code path as on a GPU. */
export const WEBGPU = [
  "--headless=new",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

export function base(port: number, command: string, flags: string[] = []): PlaywrightTestConfig {
  const address = `http://localhost:${port}/`;
  return {
    fullyParallel: false,
    workers: 1,
    retries: 0,
    forbidOnly: true,
    reporter: [["list"]],
    outputDir: ".results",
    // Far more than any step takes: busy machines fail no test.
    timeout: 90_000,
    expect: { timeout: 20_000 },
    use: {
      baseURL: address,
      // Requests that one makes cannot be rerouted; offline.spec.ts allows it.
      serviceWorkers: "block",
      viewport: { width: 1440, height: 900 },
      launchOptions: {
        executablePath: CHROMIUM,
        args: ["--no-sandbox", "--disable-quic", "--no-first-run", ...flags],
      },
    },
    webServer: { command, url: address, reuseExistingServer: false, timeout: 400_000 },
  };
}
