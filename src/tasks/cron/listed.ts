/** All recurring tasks: those of the database, and those of tq.toml that no worker has taken up. */
import { definitionOf, saidBySource } from "../../cron/in-force.ts";
import type { CronRow } from "../../cron/ledger.ts";
import { isTqError } from "../../errors.ts";
import { liveWorkers } from "../../store/live-workers.ts";
import type { Store } from "../../store/store.ts";
import { explainSchedule } from "./explanation.ts";
import { type CronFile, knownRow, newOnes } from "./known.ts";
import { heldWords, type RecurringTask, recurringTask, unstoredTask } from "./recurring.ts";

/** One of tq.toml that no worker has taken up is not in the database. */
export interface Listed extends RecurringTask {
  readonly in_database: boolean;
  /** Its file says something else by now. */
  readonly outdated: boolean;
}

/** @param say called with a sentence for each that this tq cannot read, as a newer one has written it. */
export async function listRecurring(
  store: Store,
  file: CronFile,
  say: (problem: string) => void,
): Promise<Listed[]> {
  const rows = await store.cron.rows();
  const tasks: Listed[] = [];
  for (const row of rows) {
    try {
      tasks.push(await listedRow(store, file, row));
    } catch (error) {
      if (!isTqError(error)) throw error;
      say(error.message);
    }
  }
  tasks.push(...(await listUnstored(file, store.now(), rows)));
  return tasks.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param row of the database. */
async function listedRow(store: Store, file: CronFile, row: CronRow): Promise<Listed> {
  const outdated = isOutdated(row, file);
  return { ...(await recurringTask(store, row)), in_database: true, outdated };
}

/** True where tq.toml says another thing of it than the database has, as no worker has read it anew. */
function isOutdated(row: CronRow, { file, cron }: CronFile): boolean {
  const inFile = cron.find(({ name }) => name === row.name);
  if (row.removedAt !== null || row.origin !== file) return false;
  if (inFile === undefined) return true;
  const inForce = saidBySource(row);
  return Object.entries(saidBySource(inFile)).some(
    ([key, value]) => !Bun.deepEquals(value, inForce[key]),
  );
}

/** @param rows those of the database. */
export async function listUnstored(
  file: CronFile,
  now: number,
  rows: readonly CronRow[] = [],
): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const row of newOnes(file, rows)) found.push(await listedUnstored(row, now));
  return found;
}

async function listedUnstored(row: CronRow, now: number): Promise<Listed> {
  return { ...(await unstoredTask(row, now)), in_database: false, outdated: false };
}

/** One of the database or of the file, with its next times. @throws TqError "not_found" with the near name. */
export async function explainedRecurring(store: Store, file: CronFile, name: string) {
  const rows = await store.cron.rows();
  const row = knownRow(file, rows, name);
  const now = store.now();
  const task = rows.includes(row)
    ? await listedRow(store, file, row)
    : await listedUnstored(row, now);
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
