/** The schemas of recurring tasks in the answers of `/api/v1`, and the way into them. */
import * as v from "valibot";
import type { CronPause } from "../../cron/ledger.ts";
import type { Explanation } from "../../tasks/cron/explanation.ts";
import type { Listed } from "../../tasks/cron/listed.ts";
import type { RecurringSlot, RecurringTask } from "../../tasks/cron/recurring.ts";
import { TASK_STATES } from "../../task.ts";
import { isoOrNull, isoTime, TIME } from "./schemas.ts";

const TEXT = v.string();
const TEXTS = v.array(TEXT);
const KEYS = v.record(v.string(), v.unknown());

export const SLOT = v.object({
  slot: v.pipe(TIME, v.description("The time of the schedule")),
  first_slot: v.pipe(
    v.nullable(TIME),
    v.description("It stands for all slots from this one on that have no row of their own"),
  ),
  outcome: v.picklist([
    "pushed",
    "waiting",
    "skipped",
    "paused",
    "missed",
    "started",
    "done",
    "failed",
  ]),
  reason: v.nullable(TEXT),
  decided_at: TIME,
  task: v.pipe(v.nullable(v.number()), v.description("The id of the task that was pushed")),
  state: v.pipe(v.nullable(v.picklist(TASK_STATES)), v.description("That of its task")),
});

export const RECURRING = v.object({
  name: TEXT,
  schedule: TEXT,
  words: v.nullable(TEXT),
  time_zone: v.pipe(v.nullable(TEXT), v.description("null: that of the worker's machine")),
  clock: v.pipe(
    v.nullable(TEXT),
    v.description("The zone whose clock counts; null: not known yet"),
  ),
  task: v.pipe(TEXT, v.description("night.run, or the name of a function")),
  queue: TEXT,
  next: v.pipe(v.nullable(TIME), v.description("null: it is paused without an end, or removed")),
  last: v.nullable(SLOT),
  decided_ahead: v.pipe(
    v.nullable(TIME),
    v.description("Its slots are decided up to this time: the clock was set back"),
  ),
  waiting: v.pipe(v.nullable(TIME), v.description("The slot that waits for the task before")),
  origin: v.pipe(TEXT, v.description("The file that defines it; database; tq")),
  held: v.pipe(v.boolean(), v.description("A live worker has its file: its slots are decided")),
  is_unknown: v.pipe(v.boolean(), v.description("No live worker has the method that it calls")),
  others: v.pipe(
    TEXTS,
    v.description("Other files that say another thing of it, which is not used"),
  ),
  edited: v.pipe(v.nullable(KEYS), v.description("What the database says instead of the file")),
  pause: v.nullable(
    v.object({ by: TEXT, at: TIME, reason: v.nullable(TEXT), until: v.nullable(TIME) }),
  ),
  removed_at: v.pipe(v.nullable(TIME), v.description("Its file does not have it any more")),
});

export const CHANGED = v.object({
  ...RECURRING.entries,
  was: v.pipe(KEYS, v.description("The keys that changed, as they were; null: not said")),
});

export const LISTED = v.object({
  ...RECURRING.entries,
  in_database: v.pipe(v.boolean(), v.description("false: no worker has taken it up yet")),
  lacks_instances: v.pipe(
    v.boolean(),
    v.description("Its method is called on records, and it says none: its tasks do nothing"),
  ),
  outdated: v.pipe(v.boolean(), v.description("Its file says something else by now")),
});

const WALL = v.pipe(TEXT, v.description("2024-03-31T02:00, as the clock shows it"));

const CLOCK_CHANGE = v.object({
  at: TIME,
  from: WALL,
  to: WALL,
  touches: v.pipe(v.boolean(), v.description("It comes otherwise on that day")),
  words: v.nullable(TEXT),
  lost: v.array(WALL),
  moved: v.array(WALL),
  first: v.array(WALL),
  second: v.array(WALL),
});

export const EXPLANATION = v.object({
  clock: v.pipe(TEXT, v.description("The zone whose clock counts")),
  local: v.pipe(TEXT, v.description("The zone of the server")),
  days: v.pipe(v.nullable(TEXT), v.description("What a day and a weekday mean together")),
  interval: v.pipe(v.nullable(v.number()), v.description("In ms, where it looks at no clock")),
  next: v.array(
    v.object({ slot: TIME, time: v.pipe(TEXT, v.description("In the zone of the clock")) }),
  ),
  clock_changes: v.pipe(v.array(CLOCK_CHANGE), v.description("Those of the next year")),
});

export function shownSlot({ slot, first_slot: first, decided_at, ...rest }: RecurringSlot) {
  const times = { slot: isoTime(slot), first_slot: isoOrNull(first) };
  return { ...times, ...rest, decided_at: isoTime(decided_at) };
}

export function shownRecurring<T extends RecurringTask | Listed>(task: T) {
  const { next, last, decided_ahead: ahead, waiting, pause, removed_at: removed } = task;
  return {
    ...task,
    next: isoOrNull(next),
    last: last && shownSlot(last),
    decided_ahead: isoOrNull(ahead),
    waiting: isoOrNull(waiting),
    pause: pause && shownHold(pause),
    removed_at: isoOrNull(removed),
  };
}

function shownHold({ by, at, reason, until }: CronPause) {
  return { by, at: isoTime(at), reason, until: isoOrNull(until) };
}

export function shownExplanation(explained: Explanation) {
  const { clock, local, days, interval, next, clock_changes: changes } = explained;
  return {
    clock,
    local,
    days,
    interval,
    next: next.map(({ slot, time }) => ({ slot: isoTime(slot), time })),
    clock_changes: changes.map(({ at, ...change }) => ({ at: isoTime(at), ...change })),
  };
}
