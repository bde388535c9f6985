/** A fixture's checkpoint as a publisher's repository: shards with their index, and a card. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

interface Tensor {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

interface Named {
  name: string;
  tensor: Tensor;
  bytes: Buffer;
}

export const INDEX = "model.safetensors.index.json";
export const SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;

export interface Repository {
  folder: string;
  /** Bytes of all shards together. */
  bytes: number;
}

/** `change` may spoil a tensor's bytes. */
export async function makeRepository(
  fixture: string,
  folder: string,
  change: (tensor: Named) => void = () => undefined,
): Promise<Repository> {
  await mkdir(folder, { recursive: true });
  for (const name of ["config.json", "tokenizer.json"]) {
    await copyFile(path.join(fixture, name), path.join(folder, name));
  }
  await writeFile(path.join(folder, "README.md"), "---\nlicense: apache-2.0\ntags:\n- made-up\n---\n# Tiny\n");
  const tensors = await readTensors(path.join(fixture, "model.safetensors"));
  tensors.forEach(change);
  const half = Math.floor(tensors.length / 2);
  const weight_map: Record<string, string> = {};
  let bytes = 0;
  for (const [shard, part] of [tensors.slice(0, half), tensors.slice(half)].entries()) {
    const name = SHARDS[shard] ?? "";
    const content = file(part);
    await writeFile(path.join(folder, name), content);
    bytes += content.length;
    for (const tensor of part) weight_map[tensor.name] = name;
  }
  await writeFile(path.join(folder, INDEX), JSON.stringify({ metadata: {}, weight_map }));
  return { folder, bytes };
}

async function readTensors(from: string): Promise<Named[]> {
  const content = await readFile(from);
  const start = 8 + Number(content.readBigUInt64LE(0));
  const header: Record<string, Tensor> = JSON.parse(content.toString("utf8", 8, start));
  return Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, tensor]) => {
      const [first, last] = tensor.data_offsets;
      return { name, tensor, bytes: Buffer.from(content.subarray(start + first, start + last)) };
    });
}

function file(tensors: readonly Named[]): Buffer {
  let end = 0;
  const header: Record<string, Tensor> = {};
  for (const { name, tensor, bytes } of tensors) {
    header[name] = { ...tensor, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ bytes }) => bytes)]);
}
