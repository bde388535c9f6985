/** A manifest for a model folder with one safetensors file, as `askmask quantize` would write it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";

interface Tensor {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const STAGES = ["load", "encode-image", "think", "mask"];

export async function manifestOf(folder: string): Promise<string> {
  const names = ["config.json", "tokenizer.json", "model.safetensors"];
  const contents = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
  const [config, , weights] = contents;
  if (config === undefined || weights === undefined) throw new Error(`${folder} has no model`);
  const length = Number(weights.readBigUInt64LE(0));
  const header: Record<string, Tensor> = JSON.parse(weights.toString("utf8", 8, 8 + length));
  const tensors = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, { dtype, shape, data_offsets: [start, end] }]) => {
      const place = { offset: 8 + length + start, bytes: end - start, rows: shape[0] ?? 1 };
      return { name, dtype, shape, parts: [{ file: "model.safetensors", ...place }] };
    });
  const none = { weights: 0, lowMemoryWeights: 0, activations: 0, activationsPerTile: 0 };
  return JSON.stringify({
    format: "askmask-model",
    version: 1,
    family: "sa2va",
    name: path.basename(folder),
    source: "tests/fixtures",
    licence: "Apache-2.0",
    files: contents.map((bytes, index) => ({
      name: names[index],
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    })),
    tensors,
    quantization: JSON.parse(config.toString("utf8")).quantization,
    memory: STAGES.map((stage) => ({ stage, ...none })),
  });
}
