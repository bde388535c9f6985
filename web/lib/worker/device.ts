/** Which device the model runs on, and why. */

import { AskmaskError } from "../errors";
import type { AdapterReport } from "../models";
import type { DeviceChoice, DeviceReport } from "../protocol";

/** Adapters that compute on the CPU, where our own CPU backend is faster. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|softpipe|software|warp/i;

const GPU_HINT = "Use a browser with WebGPU, or let the page choose the device.";

/**
 * A hardware WebGPU adapter means GPU; none, or one in software, means CPU.
 * A forced GPU takes any adapter, and fails where there is none.
 */
export async function chooseDevice(choice: DeviceChoice): Promise<DeviceReport> {
  if (choice === "cpu") return cpu("The CPU was asked for.");
  const adapter = await requestAdapter();
  if (choice === "gpu" && adapter === null) {
    throw new AskmaskError(
      "webgpu-unavailable",
      "This browser offers no WebGPU adapter.",
      GPU_HINT,
    );
  }
  if (adapter === null) return cpu(absence());
  const name = adapterName(adapter.info);
  if (choice === "gpu") return { device: "gpu", reason: "The GPU was asked for.", adapter: name };
  if (isSoftware(adapter.info))
    return cpu("WebGPU here is emulated in software; the CPU is faster.", name);
  return { device: "gpu", reason: "WebGPU found a hardware adapter.", adapter: name };
}

/** What the GPU offers, or null. */
export async function describeAdapter(): Promise<AdapterReport | null> {
  const adapter = await requestAdapter();
  if (adapter === null) return null;
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } =
    adapter.limits;
  return {
    name: adapterName(adapter.info),
    limits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
    features: [...adapter.features].sort(),
  };
}

async function requestAdapter(): Promise<GPUAdapter | null> {
  if (!("gpu" in navigator)) return null;
  try {
    return await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  } catch {
    // Some browsers reject where others answer null.
    return null;
  }
}

function absence(): string {
  if (!isSecureContext) return "WebGPU needs https or localhost.";
  if (!("gpu" in navigator)) return "This browser has no WebGPU.";
  return "WebGPU found no adapter.";
}

function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || SOFTWARE.test(adapterName(info));
}

function adapterName({ description, vendor, architecture }: GPUAdapterInfo): string {
  return description || [vendor, architecture].filter(Boolean).join(" ");
}

function cpu(reason: string, adapter = ""): DeviceReport {
  return { device: "cpu", reason, adapter };
}
