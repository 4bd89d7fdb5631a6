/** The slots of a schedule in a span of time. */
import type { Schedule } from "./schedule.ts";

export interface Slots {
  /** The newest ones, the earliest first. */
  readonly slots: readonly number[];
  /** The first one of the span, where it and others are left out; null: none is. */
  readonly first: number | null;
}

/** The first look back; each further one goes twice as far. */
const FIRST_SPAN_MS = 60_000;

/**
 * The newest slots after `from`, up to `to`. A schedule of each minute has half a million slots a year, so it looks from
 * the end of the span.
 */
export function newestSlots(schedule: Schedule, from: number, to: number, limit: number): Slots {
  if (to <= from) return { slots: [], first: null };
  for (let span = FIRST_SPAN_MS; ; span *= 2) {
    const start = Math.max(from, to - span);
    const slots = slotsFrom(schedule, start, to, limit);
    if (start === from || slots.length > limit) {
      return {
        slots: slots.slice(-limit),
        first: slots.length > limit ? schedule.next(from) : null,
      };
    }
  }
}

/** All slots of a span; of a crowd the newest: one more than `limit` shows that there were more. */
function slotsFrom(schedule: Schedule, from: number, to: number, limit: number): number[] {
  const slots: number[] = [];
  for (let slot = schedule.next(from); slot !== null && slot <= to; slot = schedule.next(slot)) {
    slots.push(slot);
    if (slots.length > 2 * limit + 1) slots.splice(0, limit);
  }
  return slots;
}

/** The slots from a time on, and before another. */
export function slotsBetween(schedule: Schedule, from: number, before: number): number[] {
  return slotsFrom(schedule, from - 1, before - 1, Infinity);
}

/** The next slots, at most so many. */
export function nextSlots(schedule: Schedule, after: number, count: number): number[] {
  const slots: number[] = [];
  for (
    let slot = schedule.next(after);
    slot !== null && slots.length < count;
    slot = schedule.next(slot)
  ) {
    slots.push(slot);
  }
  return slots;
}
