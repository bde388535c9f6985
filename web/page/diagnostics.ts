/** A text for bug reports: what ran where and how fast. Never the picture, a question or an answer. */

import type { DeviceReport, MemoryUsage, Stage } from "../lib";
import type { App } from "./app";
import { byId } from "./dom";
import { describeSource } from "./models/sources";

/** The build's own name, as vite.offline.ts writes it into the page. */
function build(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="askmask-build"]');
  return meta?.content ?? "development";
}

interface Adapter {
  name: string;
  features: string[];
  limits: Record<string, number>;
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

async function adapter(): Promise<Adapter | null> {
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

interface Facts {
  build: string;
  browser: string;
  secure: boolean;
  offline: readonly string[];
  model: {
    name: string;
    source: string;
    manifest: string | null;
    notice: string | null;
    maxTiles: number;
    lowMemory: boolean;
  };
  device: DeviceReport | null;
  adapter: Adapter | null;
  memory: MemoryUsage | null;
  /** Milliseconds that each stage took when it ran last. */
  timings: Partial<Record<Stage, number>>;
  recoveries: readonly string[];
  lastError: string | null;
}

export async function collect(app: App, kept: readonly string[]): Promise<Facts> {
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
