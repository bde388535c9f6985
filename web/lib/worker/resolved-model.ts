/** A model that was found: what is known of it, and the way to its files. */

import type { ConversionReport, ModelSource } from "../models";
import type { Manifest } from "./store/records";
import type { StoredFiles } from "./store/store";

/** A model's files, and the manifest that names them. */
export interface ObtainedModel extends StoredFiles {
  manifest: Manifest;
}

/** A model that is known by its manifest; none of its files need be here. */
export interface ResolvedModel {
  /** What it can be loaded by again. */
  source: ModelSource;
  /** Before a conversion, without the hashes of weights. */
  manifest: Manifest;
  /** Who serves it; null for what is on this computer. */
  host: string | null;
  /** Bytes that are stored already. */
  stored: number;
  conversion: ConversionReport | null;
  /** Brings its configuration here, checked as every file is; nothing large. */
  config(): Promise<string>;
  /** Brings the files here. */
  obtain(rehash: boolean): Promise<ObtainedModel>;
}
