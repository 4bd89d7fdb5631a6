/** Changes that people make to recurring tasks: what the database says instead of a definition, and a removal. */
import type { Database } from "bun:sqlite";
import { formerAfter } from "../../cron/former.ts";
import { timesOf } from "../../cron/in-force.ts";
import { endOfPause } from "../../cron/left-slots.ts";
import type { CronOverride, CronState } from "../../cron/ledger.ts";
import { recordDecision } from "./cron-slots.ts";

const OVERRIDE = `
  UPDATE tq__cron SET override = $override, former = $former, changed_at = $now WHERE name = $name`;

export function overrideCron(
  db: Database,
  state: CronState,
  override: CronOverride,
  now: number,
): void {
  const { row } = state;
  const { name } = row;
  const former = formerAfter(row.former, timesOf(row), timesOf({ ...row, override }), now);
  const values = { override: JSON.stringify(override), former: JSON.stringify(former) };
  db.query(OVERRIDE).run({ name, now, ...values });
  const ended = endOfPause(state, override, now);
  if (ended !== null) recordDecision(db, name, ended, [], now, null);
}

const DELETE = "DELETE FROM tq__cron WHERE name = $name";
const DELETE_SLOTS = "DELETE FROM tq__cron_slot WHERE cron = $name";

export function deleteCron(db: Database, name: string): void {
  db.query(DELETE).run({ name });
  db.query(DELETE_SLOTS).run({ name });
}
