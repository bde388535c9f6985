import { beforeEach, describe, expect, it } from "vitest";
import { AskmaskError, isAbort } from "../lib/errors";
import type { FromWorker, ToWorker } from "../lib/protocol";
import { Bridge, type WorkerLike } from "../lib/rpc";

/** A worker that records what it is sent and replies when told to. */
class FakeWorker implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onerror: WorkerLike["onerror"] = null;
  sent: ToWorker[] = [];
  terminated = false;

  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }
  terminate(): void {
    this.terminated = true;
  }
  reply(message: FromWorker): void {
    this.onmessage?.call(this as unknown as Worker, { data: message } as MessageEvent);
  }
  finish(id: number): void {
    this.reply({ type: "result", id, value: null });
  }
}

const tick = () => new Promise((resolve) => setTimeout(resolve));

describe("bridge", () => {
  let workers: FakeWorker[];
  let bridge: Bridge;
  const worker = () => workers.at(-1) as FakeWorker;
  const free = (image: number, signal?: AbortSignal) =>
    bridge.run((call) => call("disposeImage", { image }), { signal });

  beforeEach(() => {
    workers = [];
    bridge = new Bridge(() => {
      workers.push(new FakeWorker());
      return worker();
    });
  });

  it("sends one call at a time", async () => {
    const [first, second] = [free(1), free(2)];
    await tick();
    expect(worker().sent).toHaveLength(1);
    worker().finish(1);
    await first;
    await tick();
    expect(worker().sent).toHaveLength(2);
    worker().finish(2);
    await second;
  });

  it("settles an aborted call at once and keeps the next one waiting", async () => {
    const abort = new AbortController();
    const first = free(1, abort.signal);
    const second = free(2);
    await tick();
    abort.abort();
    await expect(first).rejects.toSatisfy(isAbort);
    expect(worker().sent.at(-1)).toEqual({ type: "abort", id: 1 });
    await tick();
    expect(worker().sent.filter(({ type }) => type === "call")).toHaveLength(1);
    worker().reply({ type: "error", id: 1, error: { code: "cancelled", message: "", hint: "" } });
    await tick();
    worker().finish(2);
    await second;
  });

  it("never sends a call that was aborted while it waited", async () => {
    const abort = new AbortController();
    const first = free(1);
    const second = free(2, abort.signal);
    await tick();
    abort.abort();
    await expect(second).rejects.toSatisfy(isAbort);
    worker().finish(1);
    await first;
    await tick();
    expect(worker().sent).toHaveLength(1);
  });

  it("rejects everything on a crash and starts anew with the next call", async () => {
    const calls = Promise.allSettled([free(1), free(2)]);
    await tick();
    const { generation } = bridge;
    worker().reply({ type: "crash", message: "unreachable" });
    for (const result of await calls) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "internal" } });
    }
    expect(workers[0]?.terminated).toBe(true);
    expect(bridge.generation).toBeGreaterThan(generation);
    const next = free(3);
    await tick();
    expect(workers).toHaveLength(2);
    worker().finish(worker().sent[0]?.id ?? 0);
    await next;
  });

  it("trusts no worker after an invalid GPU result", async () => {
    const call = free(1);
    await tick();
    const error = { code: "gpu-result-invalid", message: "NaN", hint: "" };
    worker().reply({ type: "error", id: 1, error });
    await expect(call).rejects.toBeInstanceOf(AskmaskError);
    expect(worker().terminated).toBe(true);
  });
});
