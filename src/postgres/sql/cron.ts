/** Changes that people make to recurring tasks: one more, what the database says instead of a definition, and a removal. */
import { hostname } from "node:os";
import { formerAfter } from "../../cron/former.ts";
import { timesOf } from "../../cron/in-force.ts";
import { endOfPause } from "../../cron/left-slots.ts";
import type { CronRow, CronText, OriginKind } from "../../cron/ledger.ts";
import { isLeftBehind, takenWords, unknownCronWords, unremovableWords } from "../../cron/origin.ts";
import { TqError } from "../../errors.ts";
import type { CronChange } from "../../store/parts/crons.ts";
import type { Connection } from "../connection.ts";
import { lock } from "../locks.ts";
import { insertCron } from "./cron-definitions.ts";
import { cronRow, cronRows, lockCron, lockedState } from "./cron-rows.ts";
import { recordDecision } from "./cron-slots.ts";

export async function addCron(
  db: Connection,
  origin: string,
  definition: CronText,
  kind: OriginKind,
  now: number,
): Promise<CronRow> {
  const { name } = definition;
  await lock(db, "definitions");
  await lockCron(db, name);
  const row = await cronRow(db, name);
  if (row !== null && row.removedAt === null) throw new TqError("conflict", takenWords(row));
  await insertCron(db, origin, definition, kind, now);
  return found(db, name);
}

const OVERRIDE = `
  UPDATE tq.cron SET override = $2::text, former = $3::text, changed_at = $4::bigint WHERE name = $1::text`;

export async function overrideCron(
  db: Connection,
  name: string,
  change: CronChange,
  now: number,
): Promise<CronRow> {
  const state = (await lockedState(db, name)) ?? (await refuseUnknown(db, name));
  const { row } = state;
  const override = change(row, now);
  const former = formerAfter(row.former, timesOf(row), timesOf({ ...row, override }), now);
  await db.run(OVERRIDE, [name, JSON.stringify(override), JSON.stringify(former), now]);
  const ended = endOfPause(state, override, now);
  if (ended !== null) await recordDecision(db, name, ended, [], now, null);
  return found(db, name);
}

const DELETE = "DELETE FROM tq.cron WHERE name = $1::text";
const DELETE_SLOTS = "DELETE FROM tq.cron_slot WHERE cron = $1::text";

export async function deleteCron(db: Connection, name: string): Promise<void> {
  await lockCron(db, name);
  const row = await found(db, name);
  const refusal = isLeftBehind(row, hostname()) ? null : unremovableWords(row);
  if (refusal !== null) throw new TqError("conflict", refusal);
  await Promise.all([db.run(DELETE, [name]), db.run(DELETE_SLOTS, [name])]);
}

async function found(db: Connection, name: string): Promise<CronRow> {
  return (await cronRow(db, name)) ?? refuseUnknown(db, name);
}

async function refuseUnknown(db: Connection, name: string): Promise<never> {
  const names = (await cronRows(db)).map((one) => one.name);
  throw new TqError("not_found", unknownCronWords(name, names));
}
