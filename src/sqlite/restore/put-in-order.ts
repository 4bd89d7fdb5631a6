/** Changes a copy of a database before it takes the place of that: nothing of it runs, or is told, without being asked for. */
import type { Database } from "bun:sqlite";
import { endOfRestored } from "../../cron/left-slots.ts";
import { userAndHost } from "../../user-name.ts";
import { shareOf } from "../file/backup-folder.ts";
import { endPastBackups } from "../sql/backups.ts";
import { cronRows, cronState } from "../sql/cron-rows.ts";
import { recordDecision } from "../sql/cron-slots.ts";
import { lastTask } from "../file/sound.ts";
import { pause } from "../sql/pauses.ts";
import { releaseAll } from "../sql/workers.ts";

/** The last ids that a database has given. */
export interface GivenIds {
  /** Its own number: a database that was made anew has given other ids. */
  readonly share: number | null;
  readonly byTable: ReadonlyMap<string, number>;
}

export interface Order {
  readonly hold: boolean;
  /** Why everything is paused. */
  readonly reason: string;
  /** Of the former database; null: it is gone, or cannot be read. */
  readonly given: GivenIds | null;
  /** Ids to leave out where those of the former database are not known. */
  readonly skip: number;
}

const FORGET_MARK = "DELETE FROM tq__copy";

/** Failures from before the backup were told then, or are seen by the person who restores it. */
const TELL_NO_ALERTS = `UPDATE tq__alert SET told_until = noted, taken_until = noted, sender = NULL`;
const FORGET_UNTOLD = "DELETE FROM tq__untold";

/** @returns how many tasks had run, and the id of the next one */
export function putInOrder(db: Database, { hold, reason, given, skip }: Order, now: number) {
  db.run("BEGIN IMMEDIATE");
  const interrupted = releaseAll(db, now);
  db.run(TELL_NO_ALERTS);
  db.run(FORGET_UNTOLD);
  skipIds(db, given?.share === shareOf(db) ? given : null, skip);
  if (hold) holdBack(db, reason, now);
  db.run(FORGET_MARK);
  endPastBackups(db, now);
  const nextId = lastTask(db) + 1;
  db.run("COMMIT");
  return { interrupted, nextId };
}

const SEQUENCES = "SELECT name, seq FROM sqlite_sequence";
const SKIP = "UPDATE sqlite_sequence SET seq = $seq WHERE name = $name";

/** Other services know the ids that were given after the backup: a task that gets one again is taken for the former. */
function skipIds(db: Database, given: GivenIds | null, skip: number): void {
  for (const [name, last] of givenIds(db).byTable) {
    const seq = given === null ? last + skip : Math.max(last, given.byTable.get(name) ?? 0);
    db.query(SKIP).run({ $name: name, $seq: seq });
  }
}

export function givenIds(db: Database): GivenIds {
  const byTable = new Map(db.query(SEQUENCES).values() as [string, number][]);
  return { share: shareOf(db), byTable };
}

/** Slots from before wait for the resume, as all tasks do; those that have passed since have had their tasks then. */
function holdBack(db: Database, reason: string, now: number): void {
  pause(db, { kind: "queue", name: "*", by: userAndHost(), reason, until: null }, now);
  for (const { name } of cronRows(db)) {
    const state = cronState(db, name);
    const decision = state && endOfRestored(state, now);
    if (decision !== null) recordDecision(db, name, decision, [], now, null);
  }
}
