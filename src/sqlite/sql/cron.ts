/** Changes that people make to recurring tasks: one more, what the database says instead of a definition, and a removal. */
import type { Database } from "bun:sqlite";
import { formerAfter } from "../../cron/former.ts";
import { timesOf } from "../../cron/in-force.ts";
import { endOfPause } from "../../cron/left-slots.ts";
import type { CronRow, CronText, OriginKind } from "../../cron/ledger.ts";
import { takenWords, unknownCronWords, unremovableWords } from "../../cron/origin.ts";
import { TqError } from "../../errors.ts";
import type { CronChange } from "../../store/parts/crons.ts";
import { insertCron } from "./cron-definitions.ts";
import { cronRow, cronRows, cronState } from "./cron-rows.ts";
import { recordDecision } from "./cron-slots.ts";

export function addCron(
  db: Database,
  origin: string,
  definition: CronText,
  kind: OriginKind,
  now: number,
): CronRow {
  const { name } = definition;
  const row = cronRow(db, name);
  if (row !== null && row.removedAt === null) throw new TqError("conflict", takenWords(row));
  insertCron(db, origin, definition, kind, now);
  return found(db, name);
}

const OVERRIDE = `
  UPDATE tq__cron SET override = $override, former = $former, changed_at = $now WHERE name = $name`;

export function overrideCron(db: Database, name: string, change: CronChange, now: number): CronRow {
  const state = cronState(db, name) ?? refuseUnknown(db, name);
  const { row } = state;
  const override = change(row, now);
  const former = formerAfter(row.former, timesOf(row), timesOf({ ...row, override }), now);
  const values = { override: JSON.stringify(override), former: JSON.stringify(former) };
  db.query(OVERRIDE).run({ name, now, ...values });
  const ended = endOfPause(state, override, now);
  if (ended !== null) recordDecision(db, name, ended, [], now, null);
  return found(db, name);
}

const DELETE = "DELETE FROM tq__cron WHERE name = $name";
const DELETE_SLOTS = "DELETE FROM tq__cron_slot WHERE cron = $name";

export function deleteCron(db: Database, name: string): void {
  const refusal = unremovableWords(found(db, name));
  if (refusal !== null) throw new TqError("conflict", refusal);
  db.query(DELETE).run({ name });
  db.query(DELETE_SLOTS).run({ name });
}

function found(db: Database, name: string): CronRow {
  return cronRow(db, name) ?? refuseUnknown(db, name);
}

function refuseUnknown(db: Database, name: string): never {
  const names = cronRows(db).map((one) => one.name);
  throw new TqError("not_found", unknownCronWords(name, names));
}
