/** Simulates a disk that loses unflushed writes: the files of a program as a power cut leaves them. */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { FileEvent } from "./trace.ts";

/** The unit of the disk: a power cut may lose single sectors of a write. */
const SECTOR_BYTES = 512;

type Change = { readonly offset: number; readonly data: Buffer } | { readonly size: number };

class File {
  flushed: Buffer;
  /** The changes that are not flushed yet, in order. */
  changes: Change[] = [];

  constructor(content: Buffer = Buffer.alloc(0)) {
    this.flushed = content;
  }
}

/** Says which unflushed changes reach the disk by luck. */
export type Luck = "none" | "all" | "some";

export class Disk {
  readonly #folder: string;
  /** The files by name: as programs see them, and as they are flushed. */
  readonly #names: Map<string, File>;
  #flushedNames: Map<string, File>;
  /** By thread: the file of its running flush, and the changes and names that the flush covers. */
  readonly #flushing = new Map<
    string,
    { file: File | null; names: Map<string, File>; count: number }
  >();

  /** @param files the content of the files that are on disk already, by name. */
  constructor(folder: string, files: Readonly<Record<string, Buffer>> = {}) {
    this.#folder = folder;
    this.#names = new Map(
      Object.entries(files).map(([name, content]) => [join(folder, name), new File(content)]),
    );
    this.#flushedNames = new Map(this.#names);
  }

  apply(event: FileEvent): void {
    if (event.kind === "said" || !this.#isKept(event.path)) return;
    const file = this.#names.get(event.path);
    switch (event.kind) {
      case "create":
        if (!file) this.#names.set(event.path, new File());
        break;
      case "write":
        file?.changes.push({ offset: event.offset, data: event.data });
        break;
      case "truncate":
        file?.changes.push({ size: event.size });
        break;
      case "flush begins": {
        const count = file?.changes.length ?? 0;
        const names = new Map(this.#names);
        this.#flushing.set(event.by, { file: file ?? null, names, count });
        break;
      }
      case "flush ends":
        this.#flushed(event);
        break;
      case "unlink":
        this.#names.delete(event.path);
        break;
      case "rename":
        if (file) this.#names.set(event.to, file);
        this.#names.delete(event.path);
    }
  }

  /** True for a change that may take content away from a file of the database: its only copy, unless one is on disk. */
  losesContent(event: FileEvent): boolean {
    return (event.kind === "truncate" || event.kind === "unlink") && this.#isKept(event.path);
  }

  /** Writes the files into a folder as a power cut now would leave them. */
  writeTo(folder: string, luck: Luck, random: () => number = Math.random): void {
    const seen = luck === "all" || (luck === "some" && random() < 0.5);
    const names = seen ? this.#names : this.#flushedNames;
    for (const [path, file] of names) {
      const content = changed(file.flushed, survivors(file.changes, luck, random));
      writeFileSync(join(folder, basename(path)), content);
    }
  }

  /** True for the files of the database, except the index of the WAL, which SQLite builds anew after a power cut. */
  #isKept(path: string): boolean {
    if (path === this.#folder) return true;
    return /^tq\.db(?:-wal|-journal)?$/.test(path.slice(this.#folder.length + 1));
  }

  #flushed({ path, by }: { readonly path: string; readonly by: string }): void {
    const flushing = this.#flushing.get(by);
    this.#flushing.delete(by);
    if (!flushing) return;
    const { file, count, names } = flushing;
    if (path === this.#folder) this.#flushedNames = names;
    else if (file) file.flushed = changed(file.flushed, file.changes.splice(0, count));
  }
}

function survivors(changes: readonly Change[], luck: Luck, random: () => number): Change[] {
  if (luck === "none") return [];
  if (luck === "all") return [...changes];
  return changes.filter(() => random() < 0.5).flatMap((change) => torn(change, random));
}

/** Drops some sectors of every other surviving write. */
function torn(change: Change, random: () => number): Change[] {
  if (!("data" in change) || random() < 0.5) return [change];
  const parts: Change[] = [];
  for (let start = 0; start < change.data.length; start += SECTOR_BYTES) {
    const data = change.data.subarray(start, start + SECTOR_BYTES);
    if (random() < 0.5) parts.push({ offset: change.offset + start, data });
  }
  return parts;
}

function changed(content: Buffer, changes: readonly Change[]): Buffer {
  let result = content;
  for (const change of changes) {
    if ("size" in change) result = resized(result, change.size);
    else {
      const end = change.offset + change.data.length;
      if (result === content || result.length < end)
        result = resized(result, Math.max(result.length, end));
      change.data.copy(result, change.offset);
    }
  }
  return result;
}

/** Always a copy. */
function resized(content: Buffer, size: number): Buffer {
  const copy = Buffer.alloc(size);
  content.copy(copy, 0, 0, Math.min(size, content.length));
  return copy;
}
