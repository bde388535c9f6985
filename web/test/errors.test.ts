import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AskmaskError, abortError, ERROR_CODES, fromWire, isAbort, toWire } from "../lib/errors";

describe("errors", () => {
  it("are those of the Rust core and two of the library", () => {
    const rust = readFileSync(new URL("../../crate/core/src/error.rs", import.meta.url), "utf8");
    const codes = [...rust.matchAll(/^ *[\w:]+(?: \{ \.\. \})? => "([a-z-]+)",/gm)].map(
      ([, code]) => code,
    );
    // A cancel crosses as the platform's AbortError, not as one of ours.
    const expected = codes.filter((code) => code !== "cancelled").concat("in-use", "disposed");
    expect(codes).toContain("cancelled");
    expect([...ERROR_CODES].sort()).toEqual(expected.sort());
  });

  it("cross the worker border with code and hint", () => {
    const wire = toWire(new AskmaskError("invalid-image", "No picture.", "Open a PNG."));
    const error = fromWire(wire);
    expect(error).toBeInstanceOf(AskmaskError);
    expect(error).toMatchObject({
      code: "invalid-image",
      message: "No picture.",
      hint: "Open a PNG.",
    });
  });

  it("keep a cancel a cancel", () => {
    expect(isAbort(fromWire(toWire(abortError())))).toBe(true);
    expect(isAbort(fromWire({ code: "cancelled", message: "", hint: "" }))).toBe(true);
  });

  it("call everything unknown internal", () => {
    expect(fromWire(toWire(new TypeError("oops")))).toMatchObject({ code: "internal" });
    expect(fromWire(toWire("text"))).toMatchObject({ code: "internal", message: "text" });
  });
});
