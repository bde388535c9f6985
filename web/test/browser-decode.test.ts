import { describe, expect, it } from "vitest";
import { turn } from "../lib/worker/browser-decode";

/** Two rows of three pixels, each named by the first of its bytes. */
const pixels = {
  width: 3,
  height: 2,
  data: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((name) => [name, 0, 0, 255])),
};

function turned(rotation: number, flip: boolean): number[][] {
  const { width, data } = turn(pixels, { rotation, flip });
  const names = [...data].filter((_, index) => index % 4 === 0);
  const rows = [];
  for (let at = 0; at < names.length; at += width) rows.push(names.slice(at, at + width));
  return rows;
}

describe("a frame's turn", () => {
  // As EXIF's eight orientations, in their order.
  it.each([
    [
      0,
      false,
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      0,
      true,
      [
        [3, 2, 1],
        [6, 5, 4],
      ],
    ],
    [
      180,
      false,
      [
        [6, 5, 4],
        [3, 2, 1],
      ],
    ],
    [
      180,
      true,
      [
        [4, 5, 6],
        [1, 2, 3],
      ],
    ],
    [
      90,
      true,
      [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    ],
    [
      90,
      false,
      [
        [4, 1],
        [5, 2],
        [6, 3],
      ],
    ],
    [
      270,
      true,
      [
        [6, 3],
        [5, 2],
        [4, 1],
      ],
    ],
    [
      270,
      false,
      [
        [3, 6],
        [2, 5],
        [1, 4],
      ],
    ],
  ])("by %i°, mirrored: %s", (rotation, flip, rows) => {
    expect(turned(rotation, flip)).toEqual(rows);
  });
});
