/** A version of the models: the code that a thread has loaded, and whether the disk still has it. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import type { ModelVersion } from "../catalog.ts";
import { wallNow } from "../clock.ts";
import { isOwn, withImports } from "./imported-files.ts";
import { isLink, modelFiles, realFile } from "./model-files.ts";

/**
 * The files that are loaded, without packages: these may be thousands, and change with the files that import them.
 */
function loadedFiles(): string[] {
  const { cache } = createRequire(import.meta.url);
  return Object.keys(cache).filter(isOwn);
}

/** The version of what this program has loaded, as far as the disk still has it. */
export function loadedVersion(): ModelVersion {
  const hashes = loadedFiles().flatMap((file) => {
    const hash = hashOf(file);
    return hash === null ? [] : [[file, hash] as const];
  });
  return { entries: [], files: Object.fromEntries(hashes) };
}

function hashOf(file: string): string | null {
  try {
    if (isLink(file)) return `leads to ${realFile(file)}`;
    return hashOfContent(readFileSync(file));
  } catch {
    return null; // it is no file, or is gone
  }
}

/** As `files` of a version has it. */
export function hashOfContent(bytes: Uint8Array<ArrayBuffer>): string {
  return Bun.hash(bytes).toString(36);
}

/** The links beside these files that lead to one of them, or to a folder of one. Bun knows files by their real names. */
function linksTo(files: readonly string[]): string[] {
  const folders = new Set(files.map(dirname));
  return [...folders].flatMap(linksIn).filter((link) => {
    const real = realFile(link);
    return files.some((file) => file === real || file.startsWith(real + sep));
  });
}

function linksIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

/**
 * Has Bun read these folders anew. A process keeps what was a link, and where it led to, until a name is missing in the
 * folder.
 */
function forgetLinks(files: readonly string[]): void {
  for (const folder of new Set([...files.map(dirname), ...files.filter(isLink)])) {
    try {
      Bun.resolveSync(`./missing-${wallNow()}`, folder);
    } catch {
      // as it should
    }
  }
}

export function entriesAt(paths: readonly string[]): string[] {
  try {
    return paths.flatMap((path) => modelFiles(path)).map(realFile);
  } catch {
    return []; // loading them says why
  }
}

/** How a version differs from the one before, for a log; null where it is the same code. */
export function differenceOf(before: ModelVersion, now: ModelVersion): string | null {
  const entry = entryOfOne(before, now);
  if (entry !== null) return entry;
  // A thread need not load all that another one has: a file may be imported by a condition.
  const changed = Object.keys(now.files).find((file) => now.files[file] !== before.files[file]);
  return changed === undefined ? null : changedWords(changed);
}

function entryOfOne(before: ModelVersion, now: ModelVersion): string | null {
  const gone = before.entries.find((file) => !now.entries.includes(file));
  const added = now.entries.find((file) => !before.entries.includes(file));
  if (gone !== undefined && added !== undefined) return changedWords(added); // a link leads elsewhere
  if (gone !== undefined) return `${gone} is gone`;
  return added === undefined ? null : `${added} is new`;
}

/**
 * Joins two versions of one worker: files that only the older one has imported may be imported again.
 *
 * @returns the newer one alone where a file of both has changed.
 */
export function joined(before: ModelVersion, now: ModelVersion): ModelVersion {
  const isChanged = (file: string) => Object.hasOwn(before.files, file);
  const changed = Object.keys(now.files).filter((file) => now.files[file] !== before.files[file]);
  if (entryOfOne(before, now) !== null || changed.some(isChanged)) return now;
  return { entries: now.entries, files: { ...before.files, ...now.files } };
}

/** How the disk differs from a version, for a log; null where it has the same code. */
export function differenceOnDisk(
  { entries, files }: ModelVersion,
  paths: readonly string[],
): string | null {
  const now = entriesAt(paths);
  if (now.length === 0 && entries.length > 0) return `${entries[0]} is gone`;
  const entry = entryOfOne({ entries, files }, { entries: now, files });
  if (entry !== null) return entry;
  for (const [file, hash] of Object.entries(files)) {
    const found = hashOf(file);
    if (found !== hash) return found === null ? `${file} is gone` : changedWords(file);
  }
  return null;
}

function changedWords(file: string): string {
  return `${file} has changed`;
}

/**
 * The version of a load that has not ended, by the imports of its files.
 *
 * @param began a file that was written since differs from every text: what the load has of it is not known
 */
export function loadingVersion(entries: readonly string[], began = Infinity): ModelVersion {
  const files = withImports(entries).filter(isOwn);
  const hashes = [...files, ...linksTo(files)].map((file) => {
    return [file, (isOlder(file, began) ? hashOf(file) : null) ?? ""] as const;
  });
  return { entries, files: Object.fromEntries(hashes) };
}

/** A file that was written since then, in words; null: none. */
export function changedSince({ files }: ModelVersion, then: number): string | null {
  const written = Object.keys(files).find((file) => !isOlder(file, then));
  return written === undefined ? null : changedWords(written);
}

/** The times of files may lag behind the clock by some ms. */
const FILE_TIME_LAG_MS = 20;

export interface LoadOptions {
  readonly paths: readonly string[];
  /** Files that an earlier thread has loaded: of these the clock need not be trusted. */
  readonly known: readonly string[];
  /** Earlier loads were disturbed: the models may write files themselves, and import them. */
  readonly isLenient: boolean;
}

/** Watches the files of a load, so that its code is known to be that of one moment. Make it before the load. */
export class Load {
  readonly #options: LoadOptions;
  readonly #began = wallNow();
  /** The files of tq itself, where it is not compiled. */
  readonly #own = new Set(loadedFiles());
  readonly #entries: readonly string[];
  readonly #pictures: ReadonlyMap<string, string | null>;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { paths, known } = options;
    forgetLinks(known);
    this.#entries = entriesAt(paths);
    const all = new Set([...known, ...this.#entries]);
    this.#pictures = new Map([...all].map((file) => [file, this.#pictureOf(file)]));
  }

  /** @returns as `edited` what has changed meanwhile, or may have: the load may have parts of two versions; null: nothing. */
  end(): { readonly version: ModelVersion; readonly edited: string | null } {
    const entries = this.#entries;
    const loaded = loadedFiles().filter((file) => !this.#own.has(file));
    const hashes = [...loaded, ...linksTo(loaded)].flatMap((file) => {
      const hash = hashOf(file);
      const isLeftOut = hash === null || (this.#options.isLenient && this.#isWritten(file));
      return isLeftOut ? [] : [[file, hash] as const];
    });
    const version = { entries, files: Object.fromEntries(hashes) };
    const now = entriesAt(this.#options.paths);
    const moved = entryOfOne(version, { ...version, entries: now });
    if (moved !== null) return { version, edited: moved };
    const all = new Set([...entries, ...Object.keys(version.files)]);
    const edited = [...all].find((file) => this.#isEdited(file));
    return { version, edited: edited === undefined ? null : changedWords(edited) };
  }

  #isEdited(file: string): boolean {
    if (!this.#pictures.has(file)) return this.#isWritten(file);
    return this.#pictures.get(file) !== this.#pictureOf(file);
  }

  /** True for a file that is not known, and that may have been written since the load began. */
  #isWritten(file: string): boolean {
    return !this.#pictures.has(file) && !isOlder(file, this.#began);
  }

  /** The same twice: nobody has written to the file between, or (lenient) nobody has changed it. */
  #pictureOf(file: string): string | null {
    const state = stateOf(file);
    if (state === null) return null;
    return this.#options.isLenient ? hashOf(file) : `${state} ${hashOf(file)}`;
  }
}

/** True for a file that was last changed before that moment. A rename counts, and a copy that keeps the time. */
function isOlder(file: string, moment: number): boolean {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  return Math.max(stat.ctimeMs, stat.mtimeMs) < moment - FILE_TIME_LAG_MS;
}

/** Changes with each write, and where another file or link has the name; null: it is gone, or cannot be seen. */
export function stateOf(file: string): string | null {
  try {
    const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return null;
    return `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
  } catch {
    return null;
  }
}
