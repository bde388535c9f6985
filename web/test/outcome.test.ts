import { describe, expect, it } from "vitest";
import type { FoundObject } from "../lib";
import { outcomeOf } from "../page/outcome";

function found(area: number, score: number, objectScore = 1): FoundObject {
  return { area, score, objectScore } as FoundObject;
}

describe("outcome", () => {
  it("tells the states without a clear mask apart", () => {
    expect(outcomeOf([])).toBe("nothing-matches");
    expect(outcomeOf([found(0, 0.9)])).toBe("empty-mask");
    expect(outcomeOf([found(50, 0.1)])).toBe("low-confidence");
    expect(outcomeOf([found(50, 0.9, 0.2)])).toBe("low-confidence");
  });

  it("is content with one clear object", () => {
    expect(outcomeOf([found(50, 0.9), found(0, 0.1)])).toBeNull();
  });
});
