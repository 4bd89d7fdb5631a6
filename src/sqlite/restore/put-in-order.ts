/** Changes a copy of a database before it takes the place of that: nothing of it runs, or is told, without being asked for. */
import type { Database } from "bun:sqlite";
import { endOfRestored } from "../../cron/left-slots.ts";
import { userAndHost } from "../../user-name.ts";
import {
  forgetMarks,
  identityOf,
  placeOf,
  placesOf,
  setIdentity,
  shareOf,
} from "../file/origin.ts";
import { endPastBackups } from "../sql/backups.ts";
import { cronRows, cronState } from "../sql/cron-rows.ts";
import { recordDecision } from "../sql/cron-slots.ts";
import { lastTask } from "../file/sound.ts";
import { pause, shownPauses } from "../sql/pauses.ts";
import { releaseAll } from "../sql/workers.ts";

/** The database that is to be replaced. */
export interface Former {
  /** Its own number: a database that was made anew has given other ids. */
  readonly share: number | null;
  readonly identity: number | null;
  /** The last id that each table has given. */
  readonly ids: Ids;
  /** True: a person has put a backup there by hand, which does not know what was given after it. */
  readonly isCopy: boolean;
}

type Ids = ReadonlyMap<string, number>;

export interface Order {
  /** The path at which the copy is to be the database. */
  readonly database: string;
  readonly hold: boolean;
  /** Why everything is paused. */
  readonly reason: string;
  /** Null: it is gone, or cannot be read. */
  readonly former: Former | null;
  /** Ids to leave out; null: those that the former database gave, or many where these are not known. */
  readonly skip: number | null;
}

/** A queue of people and offices does not give more ids between two backups. */
const SKIPPED = 100_000;

/** Failures from before the backup were told then, or are seen by the person who restores it. */
const TELL_NO_ALERTS = `UPDATE tq__alert SET told_until = noted, taken_until = noted, sender = NULL`;
const FORGET_UNTOLD = "DELETE FROM tq__untold";

/** @returns how many tasks had run, the id of the next one, and what is paused */
export function putInOrder(db: Database, order: Order, now: number) {
  const { hold, reason, database, skip } = order;
  const former = order.former?.share === shareOf(db) ? order.former : null;
  db.run("BEGIN IMMEDIATE");
  const interrupted = releaseAll(db, now);
  db.run(TELL_NO_ALERTS);
  db.run(FORGET_UNTOLD);
  skipIds(db, former, skip);
  if (hold) holdBack(db, reason, now);
  if (former !== null && !former.isCopy) setIdentity(db, former.identity);
  else if (placesOf(db).at(-1) !== placeOf(database)) setIdentity(db, null);
  forgetMarks(db);
  endPastBackups(db, now);
  const nextId = lastTask(db) + 1;
  const pauses = shownPauses(db, now);
  db.run("COMMIT");
  return { interrupted, nextId, pauses };
}

const SEQUENCES = "SELECT name, seq FROM sqlite_sequence";
const SKIP = "UPDATE sqlite_sequence SET seq = $seq WHERE name = $name";

/** Other services know the ids that were given after the backup: a task that gets one again is taken for the former. */
function skipIds(db: Database, former: Former | null, skip: number | null): void {
  const ids = idsOf(db);
  const isKnown = former !== null && knowsMore(former, ids, placesOf(db).length > 0);
  const left = skip ?? (isKnown ? 0 : SKIPPED);
  for (const [name, last] of ids) {
    const given = skip === null ? (former?.ids.get(name) ?? 0) : 0;
    db.query(SKIP).run({ $name: name, $seq: Math.max(last, given) + left });
  }
}

/** @param isMarked false for a copy that `tq backup` has not made: the former one may be just that, put there by hand */
function knowsMore(former: Former, ids: Ids, isMarked: boolean): boolean {
  if (former.isCopy) return false;
  return isMarked || [...former.ids].some(([name, last]) => last > (ids.get(name) ?? 0));
}

function idsOf(db: Database): Ids {
  return new Map(db.query(SEQUENCES).values() as [string, number][]);
}

export function formerOf(db: Database): Former {
  const isCopy = placesOf(db).length > 0;
  return { share: shareOf(db), identity: identityOf(db), ids: idsOf(db), isCopy };
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
