/** A text for bug reports: what ran where and how fast. Never the picture, a question or an answer. */

import type { App } from "./app";
import { byId } from "./dom";
import { describeSource } from "./models/sources";

/** The build's own name, as vite.offline.ts writes it into the page. */
function build(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="askmask-build"]');
  return meta?.content ?? "development";
}

/** Limits that decide what a model can do here. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const;

async function adapter(): Promise<object | null> {
  try {
    const found = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!found) return null;
    const { vendor, architecture, description } = found.info;
    return {
      name: [vendor, architecture, description].filter(Boolean).join(" "),
      features: [...found.features].sort(),
      limits: Object.fromEntries(LIMITS.map((name) => [name, found.limits[name]])),
    };
  } catch {
    return null;
  }
}

async function collect(app: App, kept: readonly string[]): Promise<object> {
  const { choice, loaded } = app.runtime;
  // While the model works, its numbers would have to wait.
  const memory = loaded && app.busy === null ? loaded.memoryUsage().catch(() => null) : null;
  const { maxTiles, lowMemory, source, name } = choice;
  return {
    build: build(),
    browser: navigator.userAgent,
    secure: isSecureContext,
    offline: kept,
    model: {
      name,
      source: describeSource(source),
      manifest: loaded?.manifest ?? null,
      notice: loaded?.notice ?? null,
      maxTiles,
      lowMemory,
    },
    device: loaded?.device ?? null,
    adapter: await adapter(),
    memory: await memory,
    timings: app.timings.milliseconds,
    recoveries: app.recoveries,
    lastError: app.lastError,
  };
}

/** Copies to the clipboard, or shows the text where there is none. */
export function connectDiagnostics(app: App, kept: () => readonly string[]): void {
  const state = byId("diagnostics-state", HTMLElement);
  const copy = async () => {
    const text = JSON.stringify(await collect(app, kept()), null, 2);
    await navigator.clipboard.writeText(text);
    state.textContent = "Copied. No picture, question or answer is in it.";
  };
  byId("diagnostics", HTMLButtonElement).addEventListener("click", () => {
    copy().catch(() => {
      state.textContent = "This browser gives the page no clipboard.";
    });
  });
}
