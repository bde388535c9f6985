/** Models before and after their use: what one would need, what is stored. */

import { AskmaskError } from "./errors";
import type { ModelReport, ModelSource, StoredModel } from "./models";
import { Bridge, type Call } from "./rpc";
import { callOptions, type LoadOptions, modelRequest, type Options, spawnWorker } from "./session";

/** What a model needs and whether it fits here. Fetches its manifest, nothing large. */
export function preflight(source: ModelSource, options: LoadOptions = {}): Promise<ModelReport> {
  const request = modelRequest(source, options);
  return inWorker((call) => call("preflight", request), options);
}

/** The models in the browser's storage, whole or in part. */
export function models(): Promise<StoredModel[]> {
  return inWorker((call) => call("models", null));
}

/** Frees a stored model's bytes. Fails while a tab uses or downloads it. */
export async function deleteModel(key: string): Promise<void> {
  await inWorker((call) => call("deleteModel", { key }));
}

/** Runs one job in a worker of its own. */
async function inWorker<T>(job: (call: Call) => Promise<T>, options: Options = {}): Promise<T> {
  const bridge = new Bridge(spawnWorker);
  try {
    return await bridge.run(job, callOptions(options));
  } finally {
    bridge.stop(new AskmaskError("disposed", "This call is over."));
  }
}
