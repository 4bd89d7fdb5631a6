/** Rows as the store shows them, from the answers of `/api/v1`: their times are ms again. */
import type { BackupRecord } from "../../src/store/backup.ts";
import type { QueueStatus, WorkerStatus } from "../../src/store/looking.ts";
import type { Pause } from "../../src/store/pauses.ts";
import type { RunOutput, TaskProgress } from "../../src/store/task-output.ts";
import type { ThreadRun } from "../../src/store/working.ts";
import { TASK_STATES, type Task } from "../../src/task.ts";

export type Row = Readonly<Record<string, unknown>>;

/** The other machine may run another tq, or be none: a table must not get what is no number into its columns. */
export class StrangeRow extends Error {}

/** Columns of a task that are numbers. */
const NUMBERS = [
  "id",
  "priority",
  "user",
  "enqueued_at",
  "attempts",
  "failures",
  "snoozes",
  "crashes",
] as const;

/** Columns of a task that are text. */
const TEXTS = ["queue", "model", "method"] as const;

export function taskOf(row: unknown): Task {
  // A store's tasks have none of these: commands ask for them where they show them.
  const { paused: _, runs: __, errors: ___, ...task } = withTimes(object(row));
  const isWhole =
    TASK_STATES.some((state) => state === task["state"]) &&
    NUMBERS.every((key) => typeof task[key] === "number") &&
    TEXTS.every((key) => typeof task[key] === "string");
  if (!isWhole) throw new StrangeRow();
  return task as unknown as Task;
}

/** Turns the columns of times (`…_at`) of a row into ms since 1970 UTC. */
function withTimes(row: Row): Row {
  const entries = Object.entries(row).map(([key, value]) => [
    key,
    key.endsWith("_at") ? msOrNull(value) : value,
  ]);
  return Object.fromEntries(entries) as Row;
}

export function listOf<T>(list: unknown, read: (row: Row) => T): T[] {
  if (!Array.isArray(list)) throw new StrangeRow();
  return list.map((row: unknown) => read(object(row)));
}

export function rowsOf<T>(list: unknown): T[] {
  return listOf(list, (row) => withTimes(row) as T);
}

/** Counts that are not of now say in `about` when they were made. */
export function queueOf(row: Row): QueueStatus {
  const { about, ...queue } = row;
  if (about === undefined) return queue as unknown as QueueStatus;
  const times = Object.entries(object(about)).map(([state, at]) => [state, msOrNull(at)]);
  return { ...queue, about: Object.fromEntries(times) as Row } as unknown as QueueStatus;
}

export function pauseOf(row: Row): Pause {
  const { kind, name, by } = row;
  const isWhole =
    (kind === "queue" || kind === "task") && typeof name === "string" && typeof by === "string";
  if (!isWhole) throw new StrangeRow();
  const times = { since: msOrNull(row["since"]), until: msOrNull(row["until"]) };
  return { ...row, ...times } as unknown as Pause;
}

export function workerOf(row: Row): WorkerStatus {
  const { runs: _, ...worker } = withTimes({ models_at: null, threads_ready: null, ...row }); // an older tq has none
  const isWhole =
    ["pid", "threads", "running", "started_at"].every((key) => typeof worker[key] === "number") &&
    Array.isArray(worker["queues"]);
  if (!isWhole) throw new StrangeRow();
  return worker as unknown as WorkerStatus;
}

export function backupOf(row: Row): BackupRecord {
  const record = withTimes(row);
  const times = [record["made_at"], record["failed_at"], record["restored_at"]];
  if (!times.every((time) => time === null || typeof time === "number")) throw new StrangeRow();
  return record as unknown as BackupRecord;
}

export function runOf(row: Row): ThreadRun {
  const { progress } = row;
  const isWhole =
    ["thread", "task", "others"].every((key) => typeof row[key] === "number") &&
    ["call", "queue"].every((key) => typeof row[key] === "string");
  if (!isWhole) throw new StrangeRow();
  return {
    ...row,
    since: msOrNull(row["since"]),
    progress: progress && progressOf(object(progress)),
  } as unknown as ThreadRun;
}

export function outputOf(row: Row): RunOutput {
  const lines = listOf(row["lines"], (line) => ({ ...line, at: msOrNull(line["at"]) }));
  const { progress } = row;
  return {
    ...row,
    lines,
    progress: progress && progressOf(object(progress)),
  } as unknown as RunOutput;
}

function progressOf(row: Row): TaskProgress {
  return { ...row, at: msOrNull(row["at"]) } as unknown as TaskProgress;
}

export function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw new StrangeRow();
}

export function textOrNull(value: unknown): string | null {
  return value === null ? null : text(value);
}

export function msOrNull(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new StrangeRow();
  return ms;
}

export function object(value: unknown): Row {
  if (typeof value === "object" && value !== null) return value as Row;
  throw new StrangeRow();
}
