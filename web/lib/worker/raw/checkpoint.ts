/** What a repository holds: configuration, headers and tokenizer, all but the weights. */

import * as wasm from "askmask-wasm";
import { AskmaskError } from "../../errors";
import type { Version } from "../store/records";
import type { Repository, Start } from "./repository";

const CONFIG = "config.json";
const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const TOKENIZER = "tokenizer.json";
/** The core's own limits. */
const CONFIG_BYTES = 1 << 20;
const INDEX_BYTES = 16 << 20;
const TOKENIZER_BYTES = 32 << 20;
/** Holds the headers of Sa2VA's published files. */
const HEADER = 1 << 18;
/** Of older tokenizers. */
const OPTIONAL = [
  ["added", "added_tokens.json"],
  ["config", "tokenizer_config.json"],
  ["special", "special_tokens_map.json"],
] as const;
/** Names a licence where the card has none. */
const UNSTATED = "not stated";
const HINT = "Use a Sa2VA model's repository, as published or as askmask quantize wrote it.";

/** A checkpoint that can be converted. */
export interface Checkpoint {
  raw: wasm.RawCheckpoint;
  /** Text of config.json. */
  config: string;
  licence: string;
  /** Of the weight files. */
  versions: Record<string, Version>;
}

/** Asks everything that can be answered before a weight is read. */
export async function openCheckpoint(repository: Repository): Promise<Checkpoint> {
  const config = await needed(repository, CONFIG, CONFIG_BYTES);
  if (await repository.start("adapter_config.json", 1)) {
    const message = "adapter_config.json is there, so an adapter belongs to the model.";
    throw unusable(
      message,
      "Merge it with PEFT's merge_and_unload() and save the whole elsewhere.",
    );
  }
  const headers = new wasm.Headers();
  const versions: Record<string, Version> = {};
  const index = await weightFiles(repository, async (file, start) => {
    const { size, tag } = start;
    headers.add(file, await wholeHeader(repository, file, start), size);
    versions[file] = { size, tag };
  });
  if (index !== null) headers.check(index);
  const raw = new wasm.RawCheckpoint(config, headers);
  return { raw, config, licence: await licenceOf(repository), versions };
}

/** Goes through the files of weights by name; their index where there is one. */
async function weightFiles(
  repository: Repository,
  visit: (file: string, start: Start) => Promise<void>,
): Promise<Uint8Array | null> {
  // As transformers does: an index beside a single file is left from before it was joined.
  const single = await repository.start(SINGLE, HEADER);
  if (single !== null) {
    await visit(SINGLE, single);
    return null;
  }
  const index = await repository.small(INDEX, INDEX_BYTES);
  if (index === null) {
    const name = onlyFile(repository.files ?? []);
    const start = name === null ? null : await repository.start(name, HEADER);
    if (name === null || start === null) throw noWeights(repository);
    await visit(name, start);
    return null;
  }
  for (const file of wasm.shardNames(index)) {
    const start = await repository.start(file, HEADER);
    if (start === null) {
      const message = `${file} is missing, which ${INDEX} names.`;
      throw new AskmaskError("integrity", message, "Get the whole repository.");
    }
    await visit(file, start);
  }
  return index;
}

/** The one safetensors file of a folder, whatever its name. */
function onlyFile(files: readonly string[]): string | null {
  const weights = files.filter((name) => /^(?!adapter_).*\.safetensors$/.test(name));
  return weights.length === 1 ? (weights[0] ?? null) : null;
}

function noWeights({ files }: Repository): AskmaskError {
  const pickle = files?.find((name) => /\.(bin|pt|pth|ckpt|pkl)$/.test(name));
  const why =
    pickle === undefined
      ? `There is neither manifest.json nor ${SINGLE} nor ${INDEX}.`
      : `${pickle} is a pickle file, which is never opened: it could run code.`;
  return unusable(why, HINT);
}

/** The bytes of a file's header, its length in front. */
async function wholeHeader(
  repository: Repository,
  file: string,
  start: Start,
): Promise<Uint8Array> {
  const length = wasm.headerBytes(file, start.bytes);
  if (length <= start.bytes.length || length > start.size) return start.bytes;
  const rest = length - start.bytes.length;
  const more = await repository.read(file, start, start.bytes.length, rest);
  return new Uint8Array(await new Blob([start.bytes, more]).arrayBuffer());
}

async function licenceOf(repository: Repository): Promise<string> {
  const card = await repository.start("README.md", wasm.cardBytes());
  return (card && wasm.licenceOf(new TextDecoder().decode(card.bytes))) || UNSTATED;
}

/** About how many bytes the model's `tokenizer.json` has. */
export async function tokenizerBytes(repository: Repository): Promise<number> {
  const ready = await repository.start(TOKENIZER, 1);
  if (ready !== null) return ready.size;
  const parts = ["vocab.json", "merges.txt"].map((file) => repository.start(file, 1));
  const sizes = (await Promise.all(parts)).map((part) => part?.size ?? 0);
  // JSON quotes every token of the merges.
  return 2 * sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes of `tokenizer.json`, or of one made from the files that older tokenizers have. */
export async function tokenizerOf(repository: Repository): Promise<Uint8Array> {
  const ready = await repository.small(TOKENIZER, TOKENIZER_BYTES);
  if (ready !== null) return ready;
  const optional = async (file: string) => textOf(await repository.small(file, TOKENIZER_BYTES));
  const vocabulary = await optional("vocab.json");
  if (vocabulary === null) throw unusable(`There is neither ${TOKENIZER} nor vocab.json.`, HINT);
  const merges = await needed(repository, "merges.txt", TOKENIZER_BYTES);
  const files: wasm.TokenizerFiles = { vocabulary, merges };
  for (const [field, file] of OPTIONAL) {
    const text = await optional(file);
    if (text !== null) files[field] = text;
  }
  return wasm.tokenizerJson(files);
}

async function needed(repository: Repository, file: string, limit: number): Promise<string> {
  const text = textOf(await repository.small(file, limit));
  if (text !== null) return text;
  throw unusable(`There is no ${file}.`, HINT);
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes && new TextDecoder().decode(bytes);
}

function unusable(message: string, hint: string): AskmaskError {
  return new AskmaskError("unsupported-model", message, hint);
}
