import { describe, expect, it } from "vitest";

describe("the element's module", () => {
  it("is imported on a server, where there are no elements, and does nothing there", async () => {
    expect(globalThis).not.toHaveProperty("HTMLElement");
    await expect(import("../lib/define")).resolves.toBeDefined();
    const { AskMaskElement } = await import("../lib/element");
    expect(AskMaskElement.observedAttributes).toContain("src");
  });
});
