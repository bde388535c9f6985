/** A model folder of some megabytes for the stand-in: right in form, noise inside. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

const MEBIBYTE = 1 << 20;

export interface ModelFile {
  name: string;
  bytes: number;
  sha256: string;
}

export interface ModelFolder {
  folder: string;
  files: ModelFile[];
  /** Of all files together. */
  bytes: number;
}

/** Four weight files of 1.5 MiB, a configuration, filled up with blanks if so asked, and a tokenizer. */
export async function makeModel(folder: string, name = "Noise", configBytes = 0): Promise<ModelFolder> {
  await mkdir(folder, { recursive: true });
  const contents = new Map<string, Buffer>([
    ["config.json", Buffer.from('{"noise": true}'.padEnd(configBytes))],
    ["tokenizer.json", Buffer.from("{}")],
  ]);
  for (let shard = 1; shard <= 4; shard++) {
    contents.set(`weights-0000${shard}.safetensors`, noise(`${name} ${shard}`, 1.5 * MEBIBYTE));
  }
  const files: ModelFile[] = [];
  for (const [file, content] of contents) {
    await writeFile(path.join(folder, file), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    files.push({ name: file, bytes: content.length, sha256 });
  }
  const head = { format: "askmask-model", version: 1, family: "sa2va", name, source: "made/up" };
  const manifest = { ...head, licence: "Apache-2.0", files, tensors: [], memory: [] };
  await writeFile(path.join(folder, "manifest.json"), JSON.stringify(manifest, null, 2));
  return { folder, files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** The same size as a publisher's repository, of which only noise is known either. */
export async function makeRawModel(folder: string): Promise<{ folder: string; bytes: number }> {
  await mkdir(folder, { recursive: true });
  const weights = noise("raw", 6 * MEBIBYTE);
  await writeFile(path.join(folder, "model.safetensors"), weights);
  await writeFile(path.join(folder, "config.json"), '{"noise": true}');
  await writeFile(path.join(folder, "tokenizer.json"), "{}");
  await writeFile(path.join(folder, "README.md"), "---\nlicense: mit\n---\n# Noise\n");
  return { folder, bytes: weights.length };
}

/** The same bytes for the same seed. */
function noise(seed: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 32) {
    createHash("sha256").update(`${seed} ${at}`).digest().copy(bytes, at);
  }
  return bytes;
}
