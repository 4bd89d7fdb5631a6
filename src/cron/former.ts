/**
 * The times that a recurring task had before its schedule was changed. A slot of them that no worker has decided yet stays
 * one: it is decided as any other, by the rules that count now.
 */
import { readSchedule, type Schedule } from "./schedule.ts";

export interface Times {
  readonly schedule: string;
  /** The IANA name of a time zone; null: that of the machine. */
  readonly zone: string | null;
}

export interface FormerTimes extends Times {
  /** When they were changed: ms since 1970 UTC. Their slots up to then count. */
  readonly until: number;
}

/** More changes than this while no worker runs: the oldest times are forgotten. */
const MOST_FORMER = 20;

/** The former times after a change. @param was null: they could not be read */
export function formerAfter(
  former: readonly FormerTimes[],
  was: Times | null,
  is: Times | null,
  now: number,
): readonly FormerTimes[] {
  if (was === null || (was.schedule === is?.schedule && was.zone === is.zone)) return former;
  return [...former, { ...was, until: now }].slice(-MOST_FORMER);
}

/** The schedule with the slots of the former times before its own. */
export function withFormer(schedule: Schedule, former: readonly FormerTimes[]): Schedule {
  if (former.length === 0) return schedule;
  const parts = former.map(({ schedule: text, zone, until }) => {
    return { schedule: readSchedule(text, zone, "schedule"), until };
  });
  const next = (after: number): number | null => {
    let from = after;
    for (const part of parts) {
      if (from >= part.until) continue;
      const slot = part.schedule.next(from);
      if (slot !== null && slot <= part.until) return slot;
      from = part.until;
    }
    return schedule.next(from);
  };
  return { ...schedule, next };
}
