import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DownloadProgress } from "../lib/worker/store/download-progress";
import { FetchFault, interpret, refusal, retryAfter } from "../lib/worker/store/http-faults";
import { MemoryBackend } from "../lib/worker/store/memory";
import { fileAddress, originOf } from "../lib/worker/store/origin";
import { type ModelRecord, Records } from "../lib/worker/store/records";
import { backOff, withRetries } from "../lib/worker/store/retry";

const EMBEDDED = "https://site.example/app/models/nano/manifest.json";

describe("origin", () => {
  it("finds files beside the manifest", () => {
    const url = "https://host.example/models/a/manifest.json?token=1";
    const origin = originOf({ kind: "manifest", url }, EMBEDDED);
    const file = fileAddress(origin, "weights-00001.safetensors");
    expect(file.href).toBe("https://host.example/models/a/weights-00001.safetensors");
  });

  it("knows the hub's addresses, and encodes a revision", () => {
    const hub = { kind: "hub", id: "ByteDance/Sa2VA-1B", revision: "refs/pr/1" } as const;
    const origin = originOf(hub, EMBEDDED);
    expect(origin.manifest.href).toBe(
      "https://huggingface.co/ByteDance/Sa2VA-1B/resolve/refs%2Fpr%2F1/manifest.json",
    );
    expect(origin.host).toBe("huggingface.co");
    const mirror = originOf({ ...hub, host: "https://mirror.example/hub/" }, EMBEDDED);
    expect(fileAddress(mirror, "config.json").href).toBe(
      "https://mirror.example/hub/ByteDance/Sa2VA-1B/resolve/refs%2Fpr%2F1/config.json",
    );
  });

  it("gives each source an identity of its own", () => {
    const hub = { kind: "hub", id: "a/b", revision: "main" } as const;
    const identities = [
      originOf({ kind: "embedded" }, EMBEDDED),
      originOf({ kind: "manifest", url: EMBEDDED }, EMBEDDED),
      originOf(hub, EMBEDDED),
      originOf({ ...hub, revision: "v2" }, EMBEDDED),
      originOf({ ...hub, host: "https://mirror.example" }, EMBEDDED),
    ].map(({ identity }) => identity);
    expect(new Set(identities).size).toBe(5);
  });

  it("stores everything but the embedded model", () => {
    expect(originOf({ kind: "embedded" }, EMBEDDED).keep).toBe(false);
    expect(originOf({ kind: "manifest", url: EMBEDDED }, EMBEDDED).keep).toBe(true);
  });

  it.each(["", "models/nano", "file:///etc/passwd", "javascript:alert(1)"])(
    "refuses the address %j",
    (url) => {
      expect(() => originOf({ kind: "manifest", url }, EMBEDDED)).toThrow(/no web address/);
    },
  );

  it.each(["model", "../up", "a/b?c", "a b/c"])("refuses the repository %j", (id) => {
    expect(() => originOf({ kind: "hub", id, revision: "main" }, EMBEDDED)).toThrow(
      /no repository name/,
    );
  });
});

describe("a server's response", () => {
  const response = (status: number, headers: Record<string, string> = {}) =>
    new Response(null, { status, headers });
  const range = { "Content-Range": "bytes 40-99/100", ETag: '"a"' };

  it("goes on only where range and entity tag fit", () => {
    expect(interpret(response(206, range), "f", 40, 100, '"a"')).toBe("append");
    expect(interpret(response(206), "f", 40, 100, '"a"')).toBe("append");
    expect(interpret(response(206, range), "f", 40, 100, '"b"')).toBe("restart");
    expect(interpret(response(206, range), "f", 41, 100, '"a"')).toBe("restart");
    expect(interpret(response(206, range), "f", 40, 101, '"a"')).toBe("restart");
  });

  it("is the whole file with 200, and none with 416", () => {
    expect(interpret(response(200), "f", 0, 100, null)).toBe("replace");
    expect(interpret(response(200), "f", 40, 100, '"a"')).toBe("replace");
    expect(interpret(response(416), "f", 40, 100, '"a"')).toBe("restart");
    expect(() => interpret(response(416), "f", 0, 100, null)).toThrow(FetchFault);
    expect(() => interpret(response(206), "f", 0, 100, null)).toThrow(FetchFault);
  });

  it("is no file when it is a web page", () => {
    const page = response(200, { "Content-Type": "text/html; charset=utf-8" });
    expect(() => interpret(page, "weights", 0, 100, null)).toThrow("A web page came");
  });

  it.each([
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [418, false],
    [429, true],
    [500, true],
    [503, true],
  ])("with status %d may pass: %s", (status, again) => {
    const fault = refusal(response(status), "weights");
    expect(fault).toMatchObject({ code: "network", again });
    expect(fault.message).toContain(String(status));
  });

  it("tells how long to wait", () => {
    const now = Date.parse("Sat, 21 Nov 2026 12:00:00 GMT");
    expect(retryAfter("7", now)).toBe(7000);
    expect(retryAfter("Sat, 21 Nov 2026 12:00:30 GMT", now)).toBe(30_000);
    expect(retryAfter("Sat, 21 Nov 2026 11:00:00 GMT", now)).toBe(0);
    expect(retryAfter("soon", now)).toBe(0);
    expect(refusal(response(429, { "Retry-After": "61" }), "f").again).toBe(false);
    expect(refusal(response(429, { "Retry-After": "60" }), "f")).toMatchObject({ wait: 60_000 });
  });
});

describe("retry", () => {
  const retry = { idle: 1, delay: 1 };
  const { signal } = new AbortController();
  const passing = () => new FetchFault("broken", "", true);

  it("doubles the wait, takes off up to half, and has a limit", () => {
    expect([1, 2, 3].map((failures) => backOff(failures, 500, 0))).toEqual([500, 1000, 2000]);
    expect(backOff(2, 500, 1)).toBe(500);
    expect(backOff(30, 500, 0)).toBe(15_000);
  });

  it("gives up after six fruitless tries", async () => {
    const attempt = vi.fn(() => Promise.reject(passing()));
    const onFault = vi.fn();
    const work = withRetries(attempt, () => 0, { retry, signal, onFault });
    await expect(work).rejects.toThrow("broken");
    expect(attempt).toHaveBeenCalledTimes(6);
    expect(onFault).toHaveBeenCalledTimes(5);
  });

  it("counts anew after progress", async () => {
    let bytes = 0;
    const attempt = vi.fn(async () => {
      bytes += 1;
      if (bytes < 20) throw passing();
      return "done";
    });
    const work = withRetries(attempt, () => bytes, { retry, signal, onFault: () => undefined });
    await expect(work).resolves.toBe("done");
  });

  it("does not repeat what cannot pass, and ends at once when cancelled", async () => {
    const final = vi.fn(() => Promise.reject(new FetchFault("gone", "", false)));
    const context = { retry, signal, onFault: () => undefined };
    await expect(withRetries(final, () => 0, context)).rejects.toThrow("gone");
    expect(final).toHaveBeenCalledTimes(1);
    const abort = new AbortController();
    const slow = { retry: { idle: 1, delay: 60_000 }, signal: abort.signal };
    const work = withRetries(
      () => Promise.reject(passing()),
      () => 0,
      {
        ...slow,
        onFault: () => abort.abort(),
      },
    );
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("download progress", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function made() {
    const told: number[] = [];
    return { told, progress: new DownloadProgress(30, ({ done }) => told.push(done)) };
  }

  it("adds files up, and tells not too often but always the end", () => {
    const { told, progress } = made();
    progress.set("a", 5);
    progress.set("b", 5);
    progress.set("a", 10);
    progress.set("b", 20);
    vi.runAllTimers();
    expect(told).toEqual([5, 30]);
  });

  it("tells what came last even when nothing follows", () => {
    const { told, progress } = made();
    progress.set("a", 5);
    progress.set("b", 5);
    progress.set("a", 10);
    vi.advanceTimersByTime(100);
    expect(told).toEqual([5, 15]);
  });

  it("tells nothing more once it has ended", () => {
    const { told, progress } = made();
    progress.set("a", 5);
    progress.set("b", 5);
    progress.end();
    vi.runAllTimers();
    expect(told).toEqual([5]);
  });
});

describe("records", () => {
  const entry = (sha256: string) => ({ name: sha256, bytes: 4, sha256 });
  const record = (...files: string[]): ModelRecord => ({
    source: { kind: "manifest", url: "https://host.example/manifest.json" },
    manifest: {
      text: files.join(),
      listing: { name: "m", source: "s", licence: "l", bytes: 8, files: files.map(entry) },
    },
  });

  async function put(backend: MemoryBackend, name: string, done: boolean): Promise<void> {
    const draft = await backend.draft(name);
    draft.append(new Uint8Array(4));
    draft.close();
    if (done) await backend.writeNote(`done-${name}`, "");
  }

  it("collect only files that no model names", async () => {
    const backend = new MemoryBackend();
    const records = new Records(backend);
    await records.write("one", record("a", "b"));
    await records.write("two", record("b", "c"));
    for (const name of ["a", "b", "c", "stray"]) await put(backend, name, true);
    await records.collect();
    expect((await backend.files()).sort()).toEqual(["a", "b", "c"]);
    await records.remove("one");
    await records.collect();
    expect((await backend.files()).sort()).toEqual(["b", "c"]);
    expect((await backend.notes()).sort()).toEqual(["done-b", "done-c", "model-two"]);
  });

  it("call a model complete when every file is whole and was checked", async () => {
    const backend = new MemoryBackend();
    const records = new Records(backend);
    await put(backend, "a", true);
    await put(backend, "b", false);
    expect(await records.isComplete(record("a", "b"))).toBe(false);
    expect(await records.storedBytes(record("a", "b").manifest.listing)).toBe(8);
    await backend.writeNote("done-b", "");
    expect(await records.isComplete(record("a", "b"))).toBe(true);
  });

  it("take a torn note for none", async () => {
    const backend = new MemoryBackend();
    await backend.writeNote("model-key", '{"source":');
    expect(await new Records(backend).read("key")).toBeNull();
  });
});
