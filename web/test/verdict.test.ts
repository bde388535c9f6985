import { describe, expect, it } from "vitest";
import type { FoundObject } from "../lib";
import { judge } from "../page/verdict";

function found(area: number, score: number, objectScore = 1): FoundObject {
  return { area, score, objectScore } as FoundObject;
}

describe("verdict", () => {
  it("tells the states without a clear mask apart", () => {
    expect(judge([])).toBe("nothing-matches");
    expect(judge([found(0, 0.9)])).toBe("empty-mask");
    expect(judge([found(50, 0.1)])).toBe("low-confidence");
    expect(judge([found(50, 0.9, 0.2)])).toBe("low-confidence");
  });

  it("is content with one clear object", () => {
    expect(judge([found(50, 0.9), found(0, 0.1)])).toBeNull();
  });
});
