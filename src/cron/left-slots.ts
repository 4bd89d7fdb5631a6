/** Rows of the ledger for slots that no worker has decided, and that no worker can any more: one stands for all of them. */
import { definitionOf, pauseAt } from "./in-force.ts";
import type {
  CronDecision,
  CronOverride,
  CronPause,
  CronRow,
  CronState,
  DecidedSlot,
  SlotOutcome,
} from "./ledger.ts";
import { offsetOfTwice } from "../values/time-zone.ts";
import { newestSlots } from "./slots.ts";

/** One that comes back within this time was not taken away: a program had saved half of its file. */
export const BACK_MS = 60_000;

/** A clock that was ahead has left rows for at most so many of the newest slots. */
const MOST_TAKEN = 100;

type Known = Pick<CronState, "row" | "taken">;

/** The last ms that a pause holds, up to now. */
export function pauseEnd({ pause }: CronOverride, now: number): number {
  return pause === undefined ? -Infinity : Math.min(now, (pause.until ?? Infinity) - 1);
}

export function pausedWords({ by, reason }: CronPause): string {
  return `paused by ${by}${reason === null ? "" : `: ${reason}`}`;
}

/** Nothing that passed in a pause is caught up once that has ended. @returns null where none ends */
export function endOfPause(
  { row, taken }: Known,
  after: CronOverride,
  now: number,
): CronDecision | null {
  const { pause } = row.override;
  if (pause === undefined || Bun.deepEquals(pause, after.pause)) return null;
  if (after.pause !== undefined && pauseAt(row, now) !== null) return null; // it goes on, said anew
  const held = Math.min(pauseEnd(row.override, now), row.removedAt ?? Infinity);
  const until = Math.max(row.decidedUntil, held);
  return { slots: left({ row, taken }, until, "paused", pausedWords(pause)), decidedUntil: until };
}

/** A definition that comes back later catches nothing up. @returns null where nothing is left to be decided */
export function endOfRemoved({ row, taken }: Known, now: number): CronDecision | null {
  const { removedAt, decidedUntil, waiting } = row;
  if (removedAt === null || now - removedAt <= BACK_MS) return null;
  if (decidedUntil >= removedAt && waiting === null) return null;
  const until = Math.max(decidedUntil, removedAt);
  const why = "its definition was taken away before a worker decided it";
  return {
    slots: left({ row, taken }, until, "missed", why),
    decidedUntil: until,
    leaveOut: "its definition was taken away while it waited",
  };
}

/** Slots that passed between a backup and its restore had their tasks then. @returns null where none has passed */
export function endOfRestored({ row, taken }: Known, now: number): CronDecision | null {
  if (row.decidedUntil >= now) return null;
  const slots = left({ row, taken }, now, "missed", "it passed before a backup was restored");
  return { slots, decidedUntil: now };
}

function left(
  { row, taken }: Known,
  until: number,
  outcome: SlotOutcome,
  why: string,
): DecidedSlot[] {
  const { schedule, timeZone } = readable(row) ?? {};
  if (schedule === undefined || timeZone === undefined) return [];
  const { slots, first } = newestSlots(schedule, row.decidedUntil, until, MOST_TAKEN);
  const free = slots.filter((slot) => !taken.has(slot));
  const last = free.at(-1);
  if (last === undefined) return [];
  return [spanOf(last, outcome, why, first ?? free[0] ?? last, zoneOf(timeZone, row))];
}

/** null where this tq cannot read it, as a newer one has written it. */
function readable(row: CronRow) {
  try {
    return definitionOf(row);
  } catch {
    return null;
  }
}

/** A row that stands for the slots from `firstSlot` on, and says so. */
export function spanOf(
  slot: number,
  outcome: SlotOutcome,
  why: string,
  firstSlot: number,
  zone: string,
): DecidedSlot {
  if (firstSlot === slot) return { slot, outcome, reason: why, task: null };
  const reason = `${why}; so were earlier slots, from ${slotTime(firstSlot, zone)} on`;
  return { slot, firstSlot, outcome, reason, task: null };
}

/** The zone whose clock a schedule follows. */
export function zoneOf(timeZone: string | null, { zone }: Pick<CronRow, "zone">): string {
  return timeZone ?? zone ?? Temporal.Now.timeZoneId();
}

/** `2026-11-29 02:30:00`, and the offset where that comes twice: `2026-10-25 02:30:00 +02:00` */
export function slotTime(slot: number, zone: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(zone);
  const words = time.toPlainDateTime().toString({ smallestUnit: "second" }).replace("T", " ");
  const offset = offsetOfTwice(slot, zone);
  return offset === null ? words : `${words} ${offset}`;
}
