/** All recurring tasks: those of the database, and those of files that no worker has taken up. */
import { noRecordsWords } from "../../cron/call.ts";
import { definitionOf } from "../../cron/in-force.ts";
import type { CronRow } from "../../cron/ledger.ts";
import { isTqError } from "../../errors.ts";
import { liveWorkers } from "../../store/live-workers.ts";
import type { Store } from "../../store/store.ts";
import { explainSchedule } from "./explanation.ts";
import { type FileCrons, isOutdated, knownRow, newOnes } from "./known.ts";
import { heldWords, type RecurringTask, recurringTask, unstoredTask } from "./recurring.ts";

/** One of a file that no worker has taken up is not in the database. */
export interface Listed extends RecurringTask {
  readonly in_database: boolean;
  /** Its file says something else by now. */
  readonly outdated: boolean;
  /** Its method is called on records, and it says none: its tasks do nothing. */
  readonly lacks_instances: boolean;
}

/** @param say called with a sentence for each that this tq cannot read, as a newer one has written it. */
export async function listRecurring(
  store: Store,
  files: FileCrons,
  say: (problem: string) => void,
): Promise<Listed[]> {
  const rows = await store.cron.rows();
  const tasks: Listed[] = [];
  for (const row of rows) {
    try {
      tasks.push(await listedRow(store, files, row));
    } catch (error) {
      if (!isTqError(error)) throw error;
      say(error.message);
    }
  }
  tasks.push(...(await listUnstored(files, store.now(), rows)));
  return tasks.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param row of the database. */
async function listedRow(store: Store, files: FileCrons, row: CronRow): Promise<Listed> {
  const outdated = isOutdated(row, files);
  const lacks = lacksInstances(row, files);
  const listed = { in_database: true, outdated, lacks_instances: lacks };
  return { ...(await recurringTask(store, row)), ...listed };
}

/** @param rows those of the database. */
export async function listUnstored(
  files: FileCrons,
  now: number,
  rows: readonly CronRow[] = [],
): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const row of newOnes(files.all, rows)) found.push(await listedUnstored(row, files, now));
  return found;
}

async function listedUnstored(row: CronRow, files: FileCrons, now: number): Promise<Listed> {
  const listed = {
    in_database: false,
    outdated: false,
    lacks_instances: lacksInstances(row, files),
  };
  return { ...(await unstoredTask(row, now)), ...listed };
}

function lacksInstances(row: CronRow, { onRecords }: FileCrons): boolean {
  return onRecords.length > 0 && noRecordsWords(definitionOf(row), onRecords) !== null;
}

/** One of the database or of files, with its next times. @throws TqError "not_found" with the near name. */
export async function explainedRecurring(store: Store, files: FileCrons, name: string) {
  const rows = await store.cron.rows();
  const row = knownRow(files, rows, name);
  const now = store.now();
  const task = rows.includes(row)
    ? await listedRow(store, files, row)
    : await listedUnstored(row, files, now);
  const { schedule, timeZone } = definitionOf(row);
  return { task, explanation: await explainSchedule(schedule, timeZone, now) };
}

/** Why no slot of any of them is decided now, a sentence each. */
export async function recurringNotes(store: Store): Promise<string[]> {
  const held = heldWords(store.now());
  const isServed = (await liveWorkers(store)).length > 0;
  return [
    ...(held === null ? [] : [held]),
    ...(isServed ? [] : ["No worker is running: no slot pushes its task until one starts"]),
  ];
}
