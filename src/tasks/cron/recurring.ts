/** Recurring tasks as people and programs see them. */
import type { CronDefinition } from "../../cron/definition.ts";
import { definitionOf, editedKeys, pauseAt, saidBySource } from "../../cron/in-force.ts";
import type { CronPause, CronRow, PastSlot, SlotOutcome } from "../../cron/ledger.ts";
import { shownCall } from "../../cron/shown-call.ts";
import { scheduleWords } from "../../cron/words.ts";
import type { Store } from "../../store/store.ts";
import type { TaskState } from "../../task.ts";
import { MADE_AT } from "../../version.ts";

/** A recurring task. Times are ms since 1970 UTC. */
export interface RecurringTask {
  readonly name: string;
  readonly schedule: string;
  /** The schedule in words; null where it says it best itself. */
  readonly words: string | null;
  /** Null: its definition names none. */
  readonly time_zone: string | null;
  /** The zone whose clock counts: else that of the workers' machine. Null: no worker has run yet. */
  readonly clock: string | null;
  /** `night.run`, or the name of a function. */
  readonly task: string;
  readonly queue: string;
  /** Its next slot; null while it is paused without an end, and where it is removed. */
  readonly next: number | null;
  readonly last: RecurringSlot | null;
  /** Its slots are decided up to this time, which is yet to come: the clock was set back. Null: it was not. */
  readonly decided_ahead: number | null;
  /** The slot that waits for the end of the task before. */
  readonly waiting: number | null;
  /** The file that defines it; "database": `tq cron add` did. */
  readonly origin: string;
  /** False while no live worker has its file: its slots wait for one. */
  readonly held: boolean;
  /** Live workers have its file, and none has the method that it calls. */
  readonly is_unknown: boolean;
  /** Other files that say another thing of it, which does not count. */
  readonly others: readonly string[];
  /** The database says this instead, by the same keys. */
  readonly edited: Readonly<Record<string, unknown>> | null;
  readonly pause: CronPause | null;
  /** Its file does not have it any more since then. */
  readonly removed_at: number | null;
}

/** The outcome of a slot. */
export interface RecurringSlot {
  readonly slot: number;
  /** It also stands for the slots from this one up to its own that have no row; null: for its own alone. */
  readonly first_slot: number | null;
  readonly outcome: SlotOutcome;
  readonly reason: string | null;
  /** When that was decided. */
  readonly decided_at: number;
  /** The id of the task that was pushed. */
  readonly task: number | null;
  /** Null where no task was pushed, and where it is deleted. */
  readonly state: TaskState | null;
}

export async function recurringTask(store: Store, row: CronRow): Promise<RecurringTask> {
  const [last] = await store.cron.slots(row.name, 1);
  const task = await toRecurring(row, last, store.now());
  const { edited } = task;
  if (edited === null) return task;
  const redaction = await store.redactions.inForce();
  const said = { ...saidBySource(row), ...edited };
  return { ...task, edited: shownCall(edited, redaction, said) };
}

/** One that is not in the database yet. */
export function unstoredTask(row: CronRow, now: number): Promise<RecurringTask> {
  return toRecurring(row, undefined, now);
}

async function toRecurring(
  row: CronRow,
  last: PastSlot | undefined,
  now: number,
): Promise<RecurringTask> {
  const definition = definitionOf(row);
  const { schedule, timeZone, task, queue } = definition;
  const edited = editedKeys(row.override);
  return {
    name: row.name,
    schedule: schedule.text,
    words: await scheduleWords(schedule),
    time_zone: timeZone,
    clock: timeZone ?? row.zone,
    task,
    queue,
    next: nextSlot(definition, row, now),
    last: last === undefined ? null : recurringSlot(last),
    decided_ahead: row.decidedUntil > now ? row.decidedUntil : null,
    waiting: row.waiting,
    origin: row.origin,
    held: row.held,
    is_unknown: row.isUnknown,
    others: row.others,
    edited: Object.keys(edited).length === 0 ? null : edited,
    pause: pauseAt(row, now),
    removed_at: row.removedAt,
  };
}

function nextSlot({ schedule }: CronDefinition, row: CronRow, now: number): number | null {
  const pause = pauseAt(row, now);
  if (row.removedAt !== null || pause?.until === null) return null;
  return schedule.next(Math.max(now, row.decidedUntil, (pause?.until ?? 0) - 1));
}

export function recurringSlot(past: PastSlot): RecurringSlot {
  const { slot, firstSlot, outcome, reason, decidedAt, task, state } = past;
  return { slot, first_slot: firstSlot, outcome, reason, decided_at: decidedAt, task, state };
}

/** Says that no slot is decided by this clock; null where it may be right. */
export function heldWords(now: number): string | null {
  if (now >= MADE_AT) return null;
  return `Recurring tasks are held until the clock is right: it says ${new Date(now).toISOString()}, which is before this tq was made`;
}
