import { describe, expect, it } from "vitest";
import { addressOf, fileOf, nameOf, textOf } from "../page/transfer";

function transfer(contents: Record<string, string>, ...files: [string, string][]) {
  return {
    files: files.map(([name, type]) => new File([], name, { type })),
    getData: (type: string) => contents[type] ?? "",
  };
}

const PNG: [string, string] = ["image.png", "image/png"];

describe("a clipboard with a picture", () => {
  it.each([
    ["text of cells", "Where is the cup?\tleft", "Where is the cup?\tleft"],
    ["an address in a sentence", "See https://a.example/b.png", "See https://a.example/b.png"],
    ["the file's name", "image.png", ""],
    ["its path", "/home/a b/image.png", ""],
    ["its path on Windows", "C:\\Users\\a\\image.png", ""],
    ["its address", "file:///home/a/image.png\r\n", ""],
    ["the address it came from", "https://a.example/b.png", ""],
    ["nothing", "", ""],
  ])("%s", (_, text, expected) => {
    expect(textOf(transfer({ "text/plain": text }, PNG))).toBe(expected);
  });

  it("takes the first picture among other files", () => {
    const files = transfer({}, ["a.pdf", "application/pdf"], PNG);
    expect(fileOf(files)?.name).toBe("image.png");
    expect(fileOf(transfer({}, ["a.heic", ""]))?.name).toBe("a.heic");
    expect(fileOf(transfer({}))).toBeNull();
  });
});

describe("the address of a dragged picture", () => {
  const sources = (html: string) => html.split(" ").filter((word) => word !== "");
  it.each([
    [
      "its own before its link's",
      { "text/html": "https://a/p.png", "text/uri-list": "https://a/page" },
      "https://a/p.png",
    ],
    [
      "the list's, without comments",
      { "text/uri-list": "# a comment\r\nhttps://a/p.png\r\n" },
      "https://a/p.png",
    ],
    ["Chromium's", { DownloadURL: "image/png:p.png:https://a:80/p.png" }, "https://a:80/p.png"],
    [
      "one that holds the picture",
      { "text/html": "data:image/png;base64,AA==" },
      "data:image/png;base64,AA==",
    ],
    ["a relative one is none", { "text/html": "p.png" }, null],
    ["a script is none", { "text/uri-list": "javascript:alert(1)" }, null],
    ["a file's is none", { "text/uri-list": "file:///etc/passwd" }, null],
  ])("%s", (_, contents, expected) => {
    expect(addressOf(transfer(contents), sources)).toBe(expected);
  });

  it.each([
    ["https://a/b/cat%20one.jpg?size=1", "cat one.jpg"],
    ["https://a/%E0%A4%A.jpg", "%E0%A4%A.jpg"],
    ["https://a/", "Dropped picture"],
    ["data:image/png;base64,AA==", "Dropped picture"],
  ])("%s is called %s", (address, name) => {
    expect(nameOf(address)).toBe(name);
  });
});
