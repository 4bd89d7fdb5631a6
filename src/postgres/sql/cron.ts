/** Changes that people make to recurring tasks: what the database says instead of a definition, and a removal. */
import { formerAfter } from "../../cron/former.ts";
import { timesOf } from "../../cron/in-force.ts";
import { endOfPause } from "../../cron/left-slots.ts";
import type { CronOverride, CronState } from "../../cron/ledger.ts";
import type { Connection } from "../connection.ts";
import { recordDecision } from "./cron-slots.ts";

const OVERRIDE = `
  UPDATE tq.cron SET override = $2::text, former = $3::text, changed_at = $4::bigint WHERE name = $1::text`;

/** The recurring task must be locked. */
export async function overrideCron(
  db: Connection,
  state: CronState,
  override: CronOverride,
  now: number,
): Promise<void> {
  const { row } = state;
  const { name } = row;
  const former = formerAfter(row.former, timesOf(row), timesOf({ ...row, override }), now);
  await db.run(OVERRIDE, [name, JSON.stringify(override), JSON.stringify(former), now]);
  const ended = endOfPause(state, override, now);
  if (ended !== null) await recordDecision(db, name, ended, [], now, null);
}

const DELETE = "DELETE FROM tq.cron WHERE name = $1::text";
const DELETE_SLOTS = "DELETE FROM tq.cron_slot WHERE cron = $1::text";

export async function deleteCron(db: Connection, name: string): Promise<void> {
  await Promise.all([db.run(DELETE, [name]), db.run(DELETE_SLOTS, [name])]);
}
