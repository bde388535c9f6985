/** The models that people know, as far as the page has to say something of them. */

export const NANO_CAN =
  "Comes with this page. Knows drawn scenes of everyday objects, and no photographs.";

/** Bytes of the published checkpoints of 16 bits that are read, and that are kept at 4 bits. */
export const CHECKPOINTS = [
  { name: "Sa2VA-1B", repository: "ByteDance/Sa2VA-1B", download: 2.312e9, keeps: 0.807e9 },
  {
    name: "Sa2VA-InternVL3-2B",
    repository: "ByteDance/Sa2VA-InternVL3-2B",
    download: 4.617e9,
    keeps: 1.579e9,
  },
] as const;
