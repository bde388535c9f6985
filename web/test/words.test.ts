import { describe, expect, it } from "vitest";
import { objectName, percent, place, splitAtMarks } from "../page/words";

describe("words", () => {
  it("splits an answer at its marks", () => {
    expect(splitAtMarks("The cup [SEG] and [SEG].")).toEqual([
      { text: "The cup " },
      { object: 0 },
      { text: " and " },
      { object: 1 },
      { text: "." },
    ]);
    expect(splitAtMarks("Nothing here.")).toEqual([{ text: "Nothing here." }]);
  });

  it.each([
    ["It is the umbrella [SEG].", 0, "Umbrella"],
    ["A cow gives milk: the brown cow [SEG].", 0, "Brown cow"],
    ["The apple [SEG] and the carrot [SEG].", 1, "Carrot"],
    ["Here is the banana. [SEG]", 0, "Banana"],
    ["It is the traffic light. [SEG]", 0, "Traffic light"],
    ["The coffee wakes you up in the morning. [SEG]", 0, "Coffee"],
    ["The ice cream melts in the sun. [SEG]", 0, "Ice cream"],
    ["The bicycle is moved by pedals. [SEG]", 0, "Bicycle"],
    ["Sure, [SEG].", 0, "Sure"],
    ["[SEG]", 0, "Object 1"],
    ["No mark at all.", 1, "Object 2"],
  ])("names the object in %j", (answer, index, name) => {
    expect(objectName(answer, index)).toBe(name);
  });

  it("says where a box is", () => {
    const picture = { width: 300, height: 300 };
    expect(place([0, 0, 50, 50], picture)).toBe("top left");
    expect(place([120, 120, 180, 180], picture)).toBe("center");
    expect(place([250, 130, 300, 170], picture)).toBe("right");
  });

  it("never calls something nothing", () => {
    expect(percent(0.001)).toBe("<1%");
    expect(percent(0)).toBe("0%");
    expect(percent(0.256)).toBe("26%");
  });
});
