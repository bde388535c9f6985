/** From a repository to a stored model: alone, once, and of one version. */

import type * as wasm from "askmask-wasm";
import type { Bits, ModelSource } from "../../models";
import type { ObtainedModel } from "../resolved-model";
import { exclusively } from "../store/lock";
import type { Store } from "../store/store";
import { type Checkpoint, openCheckpoint, tokenizerOf } from "./checkpoint";
import { Converter, type ConverterContext } from "./converter";
import { type Repository, VersionChanged } from "./repository";

/** Compared at a time. */
const BLOCK = 4 << 20;

export interface ConvertContext extends ConverterContext {
  signal: AbortSignal;
  newHash(): wasm.Sha256;
  rehash: boolean;
}

/** Which model is converted, and as what it is kept. */
export interface Wanted {
  key: string;
  source: ModelSource;
  bits: Bits;
}

/** What the manifest of the converted model says of it. */
export function optionsOf(
  { name, source }: Repository,
  licence: string,
  bits: Bits,
): wasm.ConversionOptions {
  return { name: line(name), source: line(source), licence, bits };
}

/** As much of a text as a manifest takes: a line of 255 bytes. */
function line(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, "");
  const { read } = new TextEncoder().encodeInto(plain, new Uint8Array(255));
  return plain.slice(0, read);
}

/** Converts what is not converted yet. In a second tab it waits for the first. `looked` is what the
 * repository held a moment ago. */
export async function convert(
  store: Store,
  wanted: Wanted,
  repository: Repository,
  looked: Checkpoint,
  context: ConvertContext,
): Promise<ObtainedModel> {
  const release = await store.use(wanted.key, context.signal);
  const job = () => convertAlone(store, wanted, repository, looked, context);
  const onWait = () => context.progress.hold("waiting", "Another tab is converting this model.");
  try {
    const { manifest, files, unstored } =
      store.disk === null
        ? await job()
        : await exclusively(`askmask-convert-${wanted.key}`, context.signal, onWait, job);
    return { manifest, files, unstored, release };
  } catch (fault) {
    release();
    throw fault;
  } finally {
    context.progress.end();
    repository.close();
  }
}

async function convertAlone(
  store: Store,
  wanted: Wanted,
  repository: Repository,
  looked: Checkpoint,
  context: ConvertContext,
): Promise<Omit<ObtainedModel, "release">> {
  const kept = await store.kept(wanted.key, context.readManifest);
  if (kept !== null) {
    const { files, unstored, release } = await store.reopen(wanted.key, kept.manifest, context);
    release();
    return { manifest: kept.manifest, files, unstored };
  }
  let checkpoint = looked;
  for (let tries = 1; ; tries++) {
    try {
      return await convertOnce(store, wanted, repository, checkpoint, context);
    } catch (fault) {
      if (!(fault instanceof VersionChanged) || tries > 1) throw fault;
      context.progress.hold("retrying", `${fault.message} The conversion begins anew.`);
    } finally {
      checkpoint.raw.free();
    }
    checkpoint = await openCheckpoint(repository);
  }
}

async function convertOnce(
  store: Store,
  { key, source, bits }: Wanted,
  repository: Repository,
  checkpoint: Checkpoint,
  context: ConvertContext,
): Promise<Omit<ObtainedModel, "release">> {
  await checkCopies(checkpoint, repository, context);
  const { raw, licence, versions } = checkpoint;
  const options = optionsOf(repository, licence, bits);
  const conversion = raw.conversion(await tokenizerOf(repository), options);
  const read = ({ file, offset, length }: wasm.FileRange) =>
    readRange(repository, checkpoint, file, offset, length);
  const job = { conversion, read, versions, commit: repository.commit };
  const converter = new Converter(key, source, store.disk, store.memory, job, context);
  try {
    const { manifest, files } = await converter.run();
    const refused = store.disk === null ? "unsupported" : "refused";
    const unstored = converter.refused || store.disk === null ? refused : null;
    if (unstored !== null) store.keepInMemory(key, manifest);
    return { manifest, files, unstored };
  } finally {
    // Tokenizer and tables would stay in the memory that the model needs.
    conversion.free();
  }
}

/** Refuses a checkpoint in which a tensor that is saved twice differs. */
async function checkCopies(
  checkpoint: Checkpoint,
  repository: Repository,
  { signal, newHash, progress }: ConvertContext,
): Promise<void> {
  for (const [index, { copy, original }] of checkpoint.raw.copies().entries()) {
    const hashes: string[] = [];
    for (const { file, offset, length } of [copy, original]) {
      const hash = newHash();
      for (let at = 0; at < length; at += BLOCK) {
        signal.throwIfAborted();
        progress.hold("checking", "Comparing two copies of a tensor.");
        const size = Math.min(BLOCK, length - at);
        hash.update(await readRange(repository, checkpoint, file, offset + at, size));
      }
      hashes.push(hash.digest());
      hash.free();
    }
    if (hashes[0] !== hashes[1]) checkpoint.raw.refuseCopy(index);
  }
}

function readRange(
  repository: Repository,
  { versions }: Checkpoint,
  file: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const version = versions[file];
  if (version === undefined) throw new RangeError(`${file} was never looked at`);
  return repository.read(file, version, offset, length);
}
