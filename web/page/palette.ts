/** Object colors: bright, far apart, and told apart with most color vision. */
const PALETTE = [
  "#ff5a4f",
  "#1ea7fd",
  "#ffb000",
  "#22c38e",
  "#a56bff",
  "#ff6fb5",
  "#00c4cc",
  "#9fd000",
] as const;

export function colorOf(id: number): string {
  return PALETTE[id % PALETTE.length] ?? PALETTE[0];
}
