import { describe, expect, it } from "vitest";
import { abortable } from "../lib/abort";

const never = new Promise<never>(() => undefined);

describe("a wait that hears its signal", () => {
  it("gives what the work gives", async () => {
    await expect(abortable(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
    await expect(abortable(Promise.resolve(1), undefined)).resolves.toBe(1);
    const failed = abortable(Promise.reject(new Error("no")), new AbortController().signal);
    await expect(failed).rejects.toThrow("no");
  });

  it("ends although the work never does", async () => {
    const abort = new AbortController();
    const waiting = abortable(never, abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await expect(abortable(never, abort.signal)).rejects.toMatchObject({ name: "AbortError" });
  });
});
