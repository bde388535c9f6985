import { describe, expect, it } from "vitest";
import { hubSource, isSameSource, parseSource } from "../lib/source";

const BASE = "https://page.example/app/";
const HOST = "https://huggingface.co";

describe("what names a model", () => {
  it.each([
    ["nano", { kind: "embedded" }],
    [" nano ", { kind: "embedded" }],
    ["hub:a/b@v1.2", { kind: "hub", id: "a/b", revision: "v1.2", host: HOST }],
    ["hub:a/b@refs/pr/1", { kind: "hub", id: "a/b", revision: "refs/pr/1", host: HOST }],
    ["hub:a/b", { kind: "hub", id: "a/b", revision: "main", host: HOST }],
    ["./m", { kind: "manifest", url: "https://page.example/app/m/manifest.json" }],
    ["/m/other.json", { kind: "manifest", url: "https://page.example/m/other.json" }],
    ["https://h.example/m/", { kind: "manifest", url: "https://h.example/m/manifest.json" }],
    ["http://h.example/?v=1", { kind: "manifest", url: "http://h.example/manifest.json?v=1" }],
  ])("%j is a source", (text, source) => {
    expect(parseSource(text, BASE)).toEqual(source);
  });

  it.each([
    ["", /no web address/],
    ["nanoo", /no model named nanoo/],
    ["file:///etc/passwd", /no web address/],
    ["javascript:alert(1)", /no web address/],
    ["https://", /no web address/],
    ["hub:model@main", /no repository name/],
    ["hub:a/../b", /no repository name/],
    ["hub:", /no repository name/],
  ])("%j is none, with a hint", (text, message) => {
    const read = () => parseSource(text, BASE);
    expect(read).toThrow(message);
    expect(read).toThrow(
      expect.objectContaining({ code: "unsupported-model", hint: expect.stringContaining("hub:") }),
    );
  });

  it("compares sources by what they fetch", () => {
    const hub = { kind: "hub", id: "a/b", revision: "main" } as const;
    expect(isSameSource(hub, hubSource("a/b"))).toBe(true);
    expect(isSameSource(hub, hubSource("a/b", "v2"))).toBe(false);
    expect(isSameSource(hub, { kind: "embedded" })).toBe(false);
    expect(isSameSource({ kind: "embedded" }, { kind: "embedded" })).toBe(true);
    expect(isSameSource({ kind: "folder", files: [] }, { kind: "folder", files: [] })).toBe(false);
  });
});
