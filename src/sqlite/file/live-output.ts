/**
 * Files beside the database in which threads show what their present runs say: other processes read them without a lock,
 * also while the task's own transaction is open. What is in them survives the death of the process.
 */
import { messageOf } from "../../errors.ts";
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { shareLike } from "../../file-owner.ts";
import type { Owner } from "../../store/session.ts";
import {
  type LiveOutput,
  NOTHING_CUT,
  type OutputRun,
  parseOutput,
  type RunOutput,
  type TaskProgress,
} from "../../store/task-output.ts";

export function outputFolder(database: string): string {
  return `${database}-output`;
}

function nameOf({ worker, thread }: Owner): string {
  return `${worker}.${thread}`;
}

export class LiveFile implements LiveOutput {
  readonly #database: string;
  readonly #owner: Owner;
  #descriptor: number | null = null;
  #run: OutputRun = { id: 0, attempt: 0, claim: 0 };
  #part = 0;

  constructor(database: string, owner: Owner) {
    this.#database = database;
    this.#owner = owner;
  }

  begin(run: OutputRun): void {
    this.#run = run;
    this.replace("");
  }

  append(text: string): boolean {
    if (this.#descriptor === null) return false;
    try {
      const bytes = Buffer.from(text);
      return writeSync(this.#descriptor, bytes) === bytes.length; // a disk that gets full takes a part of it
    } catch {
      return false; // the disk is full, or a task has closed the descriptor: the lines are kept with the run
    }
  }

  replace(text: string): boolean {
    try {
      this.#descriptor ??= this.#open();
      ftruncateSync(this.#descriptor);
    } catch {
      this.#descriptor = null;
    }
    // Its part tells a reader that the file was written anew meanwhile.
    const { id, attempt, claim } = this.#run;
    const head = `{"id":${id},"attempt":${attempt},"claim":${claim},"part":${++this.#part}}`;
    return this.append(`${head}\n${text}`);
  }

  #open(): number {
    const folder = outputFolder(this.#database);
    if (mkdirSync(folder, { recursive: true }) !== undefined) shareLike(folder, this.#database);
    const file = join(folder, nameOf(this.#owner));
    const descriptor = openSync(file, "a", 0o640);
    shareLike(file, this.#database);
    return descriptor;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/** The first line of a file. */
interface Head extends OutputRun {
  /** Another number for each time that the file was written anew. */
  readonly part: number;
}

/** The output of a thread's last run that said something. */
export interface Shown extends OutputRun {
  readonly text: string;
}

/** null where the thread has said nothing, or it cannot be read. */
export function readLive(database: string, owner: Owner): Shown | null {
  try {
    return readShown(join(outputFolder(database), nameOf(owner)));
  } catch {
    return null;
  }
}

/** The output of a run that a thread has, or why that cannot be read; null: it has said nothing. */
export function readRun(
  database: string,
  { id, attempt, claim, ...owner }: OutputRun & Owner,
): RunOutput | null {
  const folder = outputFolder(database);
  try {
    const shown = readShown(join(folder, nameOf(owner)));
    const isOfRun = shown?.id === id && shown.claim === claim;
    return isOfRun ? parseOutput(attempt, shown.text) : null;
  } catch (error) {
    const reason = messageOf(error);
    const unread = `${reason}; give this user the right to read ${folder}, or look again once the run has ended`;
    return { attempt, lines: [], progress: null, cut: NOTHING_CUT, unread };
  }
}

/** While a file is written anew, a reader may get the beginning of the old text and the end of the new one. */
const TRIES = 5;

/** @throws where there is a file that cannot be read. */
function readShown(file: string): Shown | null {
  const descriptor = openToRead(file);
  if (descriptor === null) return null; // it has said nothing
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const whole = textAt(descriptor, 0, fstatSync(descriptor).size);
      const head = headOf(whole);
      if (head === null || !isStill(descriptor, head)) continue;
      const { part: _, ...run } = head;
      return { ...run, text: whole.slice(whole.indexOf("\n") + 1) };
    }
    return null; // its process died while it began
  } finally {
    closeSync(descriptor);
  }
}

/** null where there is none. */
function openToRead(file: string): number | null {
  try {
    return openSync(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** null while it is being written. */
function headOf(text: string): Head | null {
  const end = text.indexOf("\n");
  return end === -1 ? null : (JSON.parse(text.slice(0, end)) as Head);
}

/** True where the file was not written anew since its head was read. */
function isStill(descriptor: number, { part }: Head): boolean {
  return headOf(textAt(descriptor, 0, HEAD_BYTES))?.part === part;
}

/** How far a thread's last run that said something is. */
export interface Progressed extends OutputRun {
  readonly progress: TaskProgress | null;
}

/** More than the first line. */
const HEAD_BYTES = 200;

/** More than the last two lines, which have a text of 1,000 characters at most. */
const END_BYTES = 16_384;

/** Reads the ends of the file alone, as it may be long, and is looked at often: `ThreadOutput` says how far it is last. */
export function readProgress(database: string, owner: Owner): Progressed | null {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(join(outputFolder(database), nameOf(owner)), "r");
    const head = headOf(textAt(descriptor, 0, HEAD_BYTES));
    const from = Math.max(fstatSync(descriptor).size - END_BYTES, 0);
    const end = textAt(descriptor, from, END_BYTES);
    if (head === null || !isStill(descriptor, head)) return null;
    const { part: _, ...run } = head;
    return { ...run, progress: parseOutput(run.attempt, end).progress };
  } catch {
    return null; // there is none
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function textAt(descriptor: number, position: number, size: number): string {
  const bytes = Buffer.alloc(size);
  return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, size, position));
}

/** All that the threads of a worker have shown last. */
export function readAllLive(database: string, worker: string): Shown[] {
  const threads = namesOf(database, worker).map((name) => Number(name.slice(worker.length + 1)));
  return threads.flatMap((thread) => readLive(database, { worker, thread }) ?? []);
}

/** Removes the files of a worker that has left, or was rescued. */
export function removeLive(database: string, worker: string): void {
  const folder = outputFolder(database);
  try {
    for (const name of namesOf(database, worker)) rmSync(join(folder, name), { force: true });
    rmdirSync(folder);
  } catch {
    // other workers have files there
  }
}

/** Removes the files of workers that are not registered: the process that was to remove them died before. */
export function removeStrayLive(database: string, registered: ReadonlySet<string>): void {
  const owners = readNames(database).map((name) => name.slice(0, name.lastIndexOf(".")));
  for (const owner of new Set(owners)) if (!registered.has(owner)) removeLive(database, owner);
}

function namesOf(database: string, worker: string): string[] {
  return readNames(database).filter((name) => name.startsWith(`${worker}.`));
}

function readNames(database: string): string[] {
  try {
    return readdirSync(outputFolder(database));
  } catch {
    return [];
  }
}
