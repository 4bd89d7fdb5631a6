/**
 * The memory that the threads of one worker share with its main thread: which thread leads, and what each is running.
 * The main thread sees it without a message for every task.
 */
import { SLOT_IDS, SLOT_WORDS } from "./progress.ts";

/** Which thread leads. */
const LEAD_WORDS = 1;

/** Slot 0 belongs to the main thread, the others to the threads 1, 2, … */
export interface Shared {
  readonly lead: Int32Array;
  readonly slots: Int32Array;
  /** Ids go beyond 32 bits. */
  readonly ids: Float64Array;
  readonly buffer: SharedArrayBuffer;
}

export function createShared(threads: number): Shared {
  return openShared(new SharedArrayBuffer(sizes(threads + 1).total), threads);
}

export function openShared(buffer: SharedArrayBuffer, threads: number): Shared {
  const { leadAt, slotsAt, slots } = sizes(threads + 1);
  return {
    buffer,
    ids: new Float64Array(buffer, 0, slots * SLOT_IDS),
    lead: new Int32Array(buffer, leadAt, LEAD_WORDS),
    slots: new Int32Array(buffer, slotsAt, slots * SLOT_WORDS),
  };
}

function sizes(slots: number) {
  const leadAt = slots * SLOT_IDS * Float64Array.BYTES_PER_ELEMENT;
  const slotsAt = leadAt + LEAD_WORDS * Int32Array.BYTES_PER_ELEMENT;
  const total = slotsAt + slots * SLOT_WORDS * Int32Array.BYTES_PER_ELEMENT;
  return { slots, leadAt, slotsAt, total };
}
