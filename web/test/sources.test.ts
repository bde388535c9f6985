import { beforeAll, describe, expect, it, vi } from "vitest";
import { fromAddress, fromFiles, fromHub, mayReach } from "../page/models/sources";
import { modelHosts, policy } from "../vite.plugins.ts";

beforeAll(() => {
  vi.stubGlobal("location", new URL("https://page.example/app/"));
  vi.stubGlobal("document", { baseURI: "https://page.example/app/" });
});

describe("where models come from", () => {
  it.each([
    ["models/other/", "https://page.example/app/models/other/manifest.json"],
    ["https://page.example/m/manifest.json?x=1", "https://page.example/m/manifest.json?x=1"],
    [
      " https://huggingface.co/a/b/resolve/main ",
      "https://huggingface.co/a/b/resolve/main/manifest.json",
    ],
  ])("takes %s", (text, url) => {
    expect(fromAddress(text)).toEqual({ kind: "manifest", url });
  });

  it.each([
    ["https://huggingface.co/a/b", "main"],
    ["https://huggingface.co/a/b/", "main"],
    ["https://huggingface.co/a/b/tree/v2", "v2"],
  ])("takes %s for the repository whose page it is", (text, revision) => {
    const host = "https://huggingface.co";
    expect(fromAddress(text)).toEqual({ kind: "hub", id: "a/b", revision, host });
  });

  it.each([
    ["", "begins with https"],
    ["file:///etc/passwd", "begins with https"],
    ["https://other.example/m", "not from other.example"],
  ])("refuses %s", (text, why) => {
    expect(() => fromAddress(text)).toThrow(why);
  });

  it("takes a repository, main by default", () => {
    expect(fromHub("a/b", "", "https://huggingface.co/")).toEqual({
      kind: "hub",
      id: "a/b",
      revision: "main",
      host: "https://huggingface.co",
    });
    expect(() => fromHub("a/../b", "main", "https://huggingface.co")).toThrow("owner/name");
    expect(() => fromHub("a/b", "main", "https://mirror.example")).toThrow("not from mirror");
  });

  it("takes folders of a publisher's files and of a converted model's, and no others", () => {
    const file = (name: string) => new File([], name);
    expect(fromFiles([file("config.json"), file("model.safetensors")]).kind).toBe("folder");
    expect(fromFiles([file("manifest.json")]).kind).toBe("folder");
    expect(() => fromFiles([file("a.txt")])).toThrow("neither a manifest.json nor a config.json");
  });

  it("matches hosts as the policy does", () => {
    const hosts = ["https://*.hf.co", "https://models.example"];
    expect(mayReach(new URL("https://cdn.eu.hf.co/x"), hosts)).toBe(true);
    expect(mayReach(new URL("https://models.example/x"), hosts)).toBe(true);
    expect(mayReach(new URL("https://hf.co/x"), hosts)).toBe(false);
    expect(mayReach(new URL("https://evilhf.co/x"), hosts)).toBe(false);
    expect(mayReach(new URL("http://models.example/x"), hosts)).toBe(false);
  });
});

describe("the policy", () => {
  it("lets models come from the hub unless other hosts are named", () => {
    expect(policy(modelHosts())).toContain(
      "connect-src 'self' blob: data: https://huggingface.co https://*.huggingface.co https://*.hf.co;",
    );
    expect(policy(modelHosts(""))).toContain("connect-src 'self' blob: data:;");
    expect(policy(modelHosts("https://a.example:8443 http://localhost:9000"))).toContain(
      "connect-src 'self' blob: data: https://a.example:8443 http://localhost:9000;",
    );
  });

  it.each(["https://a.example;script-src", "*", "https://a.example/path", "data:"])(
    "refuses %s as a host",
    (host) => {
      expect(() => modelHosts(host)).toThrow("is no host");
    },
  );
});
