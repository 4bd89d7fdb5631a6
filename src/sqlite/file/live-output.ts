/**
 * Files beside the database in which threads show what their present runs say: other processes read them without a lock,
 * also while the task's own transaction is open. What is in them survives the death of the process.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { shareLike } from "../../file-owner.ts";
import type { Owner } from "../../store/session.ts";
import { type LiveOutput, parseOutput, type TaskProgress } from "../../store/task-output.ts";

function folderOf(database: string): string {
  return `${database}-output`;
}

function nameOf({ worker, thread }: Owner): string {
  return `${worker}.${thread}`;
}

export class LiveFile implements LiveOutput {
  readonly #database: string;
  readonly #owner: Owner;
  #descriptor: number | null = null;
  #head = "";

  constructor(database: string, owner: Owner) {
    this.#database = database;
    this.#owner = owner;
  }

  begin(task: number, attempt: number): void {
    this.#head = `${JSON.stringify({ task, attempt })}\n`;
    this.replace("");
  }

  append(text: string): void {
    try {
      if (this.#descriptor !== null) writeSync(this.#descriptor, text);
    } catch {
      // the disk is full, or a task has closed the descriptor: the lines are kept with the run
    }
  }

  replace(text: string): void {
    try {
      this.#descriptor ??= this.#open();
      ftruncateSync(this.#descriptor);
    } catch {
      this.#descriptor = null;
    }
    this.append(this.#head + text);
  }

  #open(): number {
    const folder = folderOf(this.#database);
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

/** The output of a thread's last run that said something. */
export interface Shown {
  readonly task: number;
  readonly attempt: number;
  readonly text: string;
}

/** null where the thread has said nothing. */
export function readLive(database: string, owner: Owner): Shown | null {
  return readShown(join(folderOf(database), nameOf(owner)));
}

function readShown(file: string): Shown | null {
  try {
    const whole = readFileSync(file, "utf8");
    const end = whole.indexOf("\n");
    const { task, attempt } = JSON.parse(whole.slice(0, end)) as Omit<Shown, "text">;
    return { task, attempt, text: whole.slice(end + 1) };
  } catch {
    return null; // there is none, or its process died while it began
  }
}

/** How far a thread's last run that said something is. */
export interface Progressed extends Pick<Shown, "task" | "attempt"> {
  readonly progress: TaskProgress | null;
}

/** More than the first line and the last two, which have a text of 1,000 characters at most. */
const END_BYTES = 16_384;

/** Reads the ends of the file alone, as it may be long, and is looked at often: `ThreadOutput` says how far it is last. */
export function readProgress(database: string, owner: Owner): Progressed | null {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(join(folderOf(database), nameOf(owner)), "r");
    const head = textAt(descriptor, 0);
    const { task, attempt } = JSON.parse(head.slice(0, head.indexOf("\n"))) as Omit<Shown, "text">;
    const end = textAt(descriptor, Math.max(fstatSync(descriptor).size - END_BYTES, 0));
    return { task, attempt, progress: parseOutput(attempt, end).progress };
  } catch {
    return null; // there is none, or it is just being written anew
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function textAt(descriptor: number, position: number): string {
  const bytes = Buffer.alloc(END_BYTES);
  return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, END_BYTES, position));
}

/** All that the threads of a worker have shown last. */
export function readAllLive(database: string, worker: string): Shown[] {
  return namesOf(database, worker).flatMap(
    (name) => readShown(join(folderOf(database), name)) ?? [],
  );
}

/** Removes the files of a worker that has left, or was rescued. */
export function removeLive(database: string, worker: string): void {
  const folder = folderOf(database);
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
    return readdirSync(folderOf(database));
  } catch {
    return [];
  }
}
