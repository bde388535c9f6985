/** The models that people know, as far as the page has to say something of them. */

export const NANO_CAN =
  "Comes with this page. Knows drawn scenes of everyday objects, and no photographs.";

/** What the published checkpoints of 16 bits have, and what is kept of them at 4. */
export const CHECKPOINTS = [
  { name: "Sa2VA-1B", repository: "ByteDance/Sa2VA-1B", download: 2.33e9, keeps: 0.81e9 },
  {
    name: "Sa2VA-InternVL3-2B",
    repository: "ByteDance/Sa2VA-InternVL3-2B",
    download: 4.63e9,
    keeps: 1.58e9,
  },
] as const;
