/** One recurring task of each hour, for tests of what becomes of its slots. */
import { decide } from "../../src/cron/decide.ts";
import { type CronDefinition, readCron } from "../../src/cron/definition.ts";
import type { CronOverride, CronState } from "../../src/cron/ledger.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const MIDNIGHT = Date.UTC(2026, 10, 2);

export function define(more: object = {}): CronDefinition {
  return readCron("hourly", { schedule: "every 1h", task: "night.run", ...more }, "[cron.hourly]");
}

interface Given {
  readonly decidedUntil?: number;
  readonly unfinished?: number | null;
  readonly working?: string | null;
  readonly waiting?: number | null;
  readonly waitingCount?: number;
  readonly taken?: readonly number[];
  readonly override?: CronOverride;
  readonly share?: number;
  readonly heldSince?: number;
}

export function stateOf(definition: CronDefinition, given: Given): CronState {
  const {
    decidedUntil = MIDNIGHT,
    unfinished = null,
    working = null,
    waiting = null,
    waitingCount = waiting === null ? 0 : 1,
    override = {},
    share = 0,
    heldSince = 0,
  } = given;
  const row = {
    name: definition.name,
    origin: "/shop/tq.toml",
    kind: "settings" as const,
    held: true,
    heldSince,
    leftAt: null,
    isUnknown: false,
    others: [],
    definition: definition.text,
    override,
    decidedUntil,
    former: [],
    zone: null,
    removedAt: null,
    waiting,
    waitingCount,
  };
  return { row, taken: new Set(given.taken), unfinished, working, share };
}

/** Each decided slot as `01:00 pushed`. */
export function outcomes(definition: CronDefinition, now: number, given: Given = {}): string[] {
  const decision = decide(definition, stateOf(definition, given), now);
  return (decision?.slots ?? []).map(
    ({ slot, outcome }) => `${new Date(slot).toISOString().slice(11, 16)} ${outcome}`,
  );
}

export function reasons(
  definition: CronDefinition,
  now: number,
  given: Given = {},
): (string | null)[] {
  return (decide(definition, stateOf(definition, given), now)?.slots ?? []).map(
    ({ reason }) => reason,
  );
}
