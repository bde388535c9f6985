import { describe, expect, it } from "vitest";
import { History } from "../page/history";

describe("history", () => {
  it("goes back and forth over pushed states", () => {
    const history = new History(0);
    history.push(1, "one");
    history.push(2, "two");
    expect(history.undoLabel).toBe("two");
    expect(history.undo()).toBe(true);
    expect(history.state).toBe(1);
    expect(history.redoLabel).toBe("two");
    expect(history.redo()).toBe(true);
    expect(history.state).toBe(2);
  });

  it("stops at both ends", () => {
    const history = new History("start");
    expect(history.undo()).toBe(false);
    expect(history.redo()).toBe(false);
    expect(history.undoLabel).toBeNull();
    expect(history.redoLabel).toBeNull();
  });

  it("drops what was undone once something new happens", () => {
    const history = new History(0);
    history.push(1, "one");
    history.undo();
    history.push(5, "five");
    expect(history.redo()).toBe(false);
    expect(history.state).toBe(5);
  });

  it("amends the present without a step", () => {
    const history = new History(0);
    history.push(1, "one");
    history.amend(7);
    expect(history.state).toBe(7);
    history.undo();
    expect(history.state).toBe(0);
  });

  it("keeps a hundred steps", () => {
    const history = new History(0);
    for (let step = 1; step <= 150; step++) history.push(step, "step");
    while (history.undo());
    expect(history.state).toBe(50);
  });
});
