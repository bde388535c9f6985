import { describe, expect, it } from "vitest";
import { NANO, parse } from "../page/choice";

describe("remembered choices", () => {
  it("reads back what was written", () => {
    const model = {
      source: { kind: "hub", id: "a/b", revision: "main", host: "https://hub.example" } as const,
      name: "B",
      device: "cpu" as const,
      maxTiles: 4 as const,
      lowMemory: true,
    };
    expect(parse(JSON.parse(JSON.stringify({ model, view: "mask" })))).toEqual({
      model,
      view: "mask",
    });
  });

  it.each([
    [null],
    ["text"],
    [{ model: { source: { kind: "folder" } }, view: "sideways" }],
    [{ model: { source: { kind: "manifest", url: 7 }, name: "x" } }],
    [{ model: { source: { kind: "hub", id: "a/b" } } }],
  ])("falls back to nano for %j", (stored) => {
    expect(parse(stored)).toEqual({ model: NANO, view: "overlay" });
  });

  it("replaces single values that it does not know", () => {
    const source = { kind: "manifest", url: "https://a.example/manifest.json" } as const;
    const stored = { model: { source, name: "A", device: "tpu", maxTiles: 99, lowMemory: "yes" } };
    expect(parse(stored).model).toEqual({ ...NANO, source, name: "A" });
  });
});
