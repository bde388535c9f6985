/** The models that people know, as far as the page has to say something of them. */

export const NANO_CAN =
  "Comes with this page. Knows drawn scenes of everyday objects, and no photographs.";

/** Converted sizes with the command's defaults; the model's own card has the licence's text. */
export const CHECKPOINTS = [
  {
    name: "Sa2VA-1B",
    repository: "ByteDance/Sa2VA-1B",
    folder: "sa2va-1b",
    bytes: "0.8 GB",
    licence: "Apache-2.0 or MIT, see its card",
  },
  {
    name: "Sa2VA-InternVL3-2B",
    repository: "ByteDance/Sa2VA-InternVL3-2B",
    folder: "sa2va-internvl3-2b",
    bytes: "about 1.6 GB",
    licence: "Apache-2.0 or MIT, see its card",
  },
] as const;
