/** Models before and after their use: what one would need, what is stored. */

import type { ModelReport, ModelSource, StoredModel } from "./models";
import { callOptions, type LoadOptions, modelRequest, type Options } from "./options";
import { inWorker } from "./rpc";

/**
 * What a model needs and whether it fits here. Fetches its manifest and its configuration, nothing
 * large; takes what `load` takes.
 */
export async function preflight(
  source: string | ModelSource,
  options: LoadOptions = {},
): Promise<ModelReport> {
  const request = modelRequest(source, options);
  return inWorker((call) => call("preflight", request), callOptions(options));
}

/** The models in the browser's storage, whole or in part. */
export function models({ signal }: Pick<Options, "signal"> = {}): Promise<StoredModel[]> {
  return inWorker((call) => call("models", null), { signal });
}

/** Frees a stored model's bytes. Fails while a tab uses or downloads it. */
export async function deleteModel(key: string): Promise<void> {
  await inWorker((call) => call("deleteModel", { key }));
}

/**
 * The files of a stored model by their names, `manifest.json` among them: a folder of them is a
 * model, on a disk or on any web server.
 *
 * @throws {AskmaskError} `integrity` where the model is not whole.
 */
export async function modelFiles(key: string): Promise<Map<string, Blob>> {
  return inWorker((call) => call("modelFiles", { key }));
}
