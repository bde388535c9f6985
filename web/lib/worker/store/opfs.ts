/** The origin private file system: bytes that outlive the tab. */

import { type Draft, type StorageBackend, StorageRefused } from "./storage-backend";

const CHUNK = 1 << 20;
/** A closed tab's handles are let go a moment after it is gone. */
const HANDLE_TRIES = 40;
const HANDLE_WAIT_MS = 50;

class OpfsDraft implements Draft {
  size: number;

  constructor(private readonly handle: FileSystemSyncAccessHandle) {
    this.size = handle.getSize();
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    const buffer = new Uint8Array(CHUNK);
    for (let at = 0; at < this.size; ) {
      const read = this.handle.read(buffer, { at });
      if (read === 0) return;
      at += read;
      yield buffer.subarray(0, read);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    await opening;
    let written = 0;
    try {
      written = this.handle.write(bytes, { at: this.size });
    } catch (cause) {
      throw refused(cause);
    }
    // Not `<`: where there is no room, Chromium was seen to return an error's number, 2³² − 8.
    if (written !== bytes.length) {
      this.handle.truncate(this.size);
      throw new StorageRefused(`${written} of ${bytes.length} bytes were written`);
    }
    this.size += written;
  }

  async truncate(size: number): Promise<void> {
    this.size = Math.min(this.size, size);
    this.handle.truncate(this.size);
  }

  async flush(): Promise<void> {
    try {
      this.handle.flush();
    } catch (cause) {
      throw refused(cause);
    }
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.handle.close();
    }
  }
}

/** Not in TypeScript's types yet. */
type Renamable = FileSystemFileHandle & { move?(name: string): Promise<void> };

export class OpfsBackend implements StorageBackend {
  private constructor(
    private readonly fileFolder: FileSystemDirectoryHandle,
    private readonly noteFolder: FileSystemDirectoryHandle,
  ) {}

  /**
   * Null where the browser has no such storage, or none for this page. Only a file that was written
   * proves that there is one: private windows have its methods too, and refuse later.
   */
  static async open(): Promise<OpfsBackend | null> {
    try {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle("askmask", { create: true });
      const files = await folder.getDirectoryHandle("files", { create: true });
      const notes = await folder.getDirectoryHandle("notes", { create: true });
      return (await isWritable(folder)) ? new OpfsBackend(files, notes) : null;
    } catch {
      return null;
    }
  }

  async draft(name: string): Promise<Draft> {
    return new OpfsDraft(await openHandle(this.fileFolder, name));
  }

  async blob(name: string): Promise<Blob | null> {
    return readFile(this.fileFolder, name);
  }

  async size(name: string): Promise<number> {
    return (await readFile(this.fileFolder, name))?.size ?? 0;
  }

  remove(name: string): Promise<void> {
    return removeEntry(this.fileFolder, name);
  }

  /** Not all browsers can rename; a copy is the same, but needs room for both. */
  async rename(from: string, to: string): Promise<void> {
    const file: Renamable = await this.fileFolder.getFileHandle(from);
    await this.remove(to);
    if (file.move !== undefined) {
      await file.move(to).catch((cause: unknown) => Promise.reject(refused(cause)));
      return;
    }
    const draft = await this.draft(to);
    try {
      const blob = await file.getFile();
      for (let at = 0; at < blob.size; at += CHUNK) {
        await draft.append(new Uint8Array(await blob.slice(at, at + CHUNK).arrayBuffer()));
      }
    } finally {
      await draft.close();
    }
    await this.remove(from);
  }

  files(): Promise<string[]> {
    return names(this.fileFolder);
  }

  /** Another tab may write it at this moment; then it is read again. */
  async note(name: string): Promise<string | null> {
    for (let tries = 1; ; tries++) {
      try {
        return (await (await readFile(this.noteFolder, name))?.text()) ?? null;
      } catch (cause) {
        if (!isNamed(cause, "NotReadableError") || tries === HANDLE_TRIES) throw cause;
        await new Promise((resolve) => setTimeout(resolve, HANDLE_WAIT_MS));
      }
    }
  }

  async writeNote(name: string, text: string): Promise<void> {
    const handle = await openHandle(this.noteFolder, name);
    try {
      const bytes = new TextEncoder().encode(text);
      // Cut only afterwards: a worker may be ended between any two steps.
      if (handle.write(bytes, { at: 0 }) !== bytes.length) throw refused("a note was not written");
      handle.truncate(bytes.length);
      handle.flush();
    } catch (cause) {
      throw cause instanceof StorageRefused ? cause : refused(cause);
    } finally {
      handle.close();
    }
  }

  removeNote(name: string): Promise<void> {
    return removeEntry(this.noteFolder, name);
  }

  notes(): Promise<string[]> {
    return names(this.noteFolder);
  }
}

/** Opens and writes a file. A disk that is full still has what was stored on it. */
async function isWritable(folder: FileSystemDirectoryHandle): Promise<boolean> {
  const handle = await openHandle(folder, "probe");
  try {
    return handle.write(new Uint8Array(1), { at: 0 }) === 1;
  } catch (cause) {
    return isNamed(cause, "QuotaExceededError");
  } finally {
    handle.close();
  }
}

async function names(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const found: string[] = [];
  for await (const name of folder.keys()) found.push(name);
  return found;
}

/** Settles when no handle is being opened. */
let opening: Promise<unknown> = Promise.resolve();

/**
 * One at a time, and no bytes are written meanwhile. A write blocks the worker until the browser has
 * granted the room; openings pending by then were seen to stay so for ever in Chromium.
 */
function openHandle(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemSyncAccessHandle> {
  const opened = opening.then(() => open(folder, name));
  opening = opened.catch(() => undefined);
  return opened;
}

async function open(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemSyncAccessHandle> {
  for (let tries = 1; ; tries++) {
    try {
      const file = await folder.getFileHandle(name, { create: true });
      return await file.createSyncAccessHandle();
    } catch (cause) {
      const held = isNamed(cause, "NoModificationAllowedError");
      if (!held || tries === HANDLE_TRIES) throw refused(cause);
      await new Promise((resolve) => setTimeout(resolve, HANDLE_WAIT_MS));
    }
  }
}

async function readFile(folder: FileSystemDirectoryHandle, name: string): Promise<File | null> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (cause) {
    if (isNamed(cause, "NotFoundError")) return null;
    throw cause;
  }
}

async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name);
  } catch (cause) {
    if (!isNamed(cause, "NotFoundError")) throw cause;
  }
}

function refused(cause: unknown): StorageRefused {
  return new StorageRefused(cause instanceof Error ? cause.message : String(cause), { cause });
}

function isNamed(cause: unknown, name: string): boolean {
  return cause instanceof DOMException && cause.name === name;
}
