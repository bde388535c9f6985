import { describe, expect, it } from "vitest";
import { Timings } from "../page/timings";

describe("timings", () => {
  it("counts each stage from its first sign to the next stage's", () => {
    const timings = new Timings();
    timings.progress({ stage: "encode-image", done: 1 }, 100);
    timings.progress({ stage: "encode-image", done: 2 }, 150);
    timings.progress({ stage: "think", done: 1 }, 400);
    expect(timings.milliseconds).toEqual({ "encode-image": 300 });
    timings.end(460);
    timings.end(900);
    expect(timings.milliseconds).toEqual({ "encode-image": 300, think: 60 });
    timings.progress({ stage: "think", done: 1 }, 1000);
    timings.end(1010.4);
    expect(timings.milliseconds.think).toBe(10);
  });
});
