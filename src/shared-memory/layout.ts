/** The memory that a worker's main thread shares with its threads: the leader, and the slots of their progress. */
import { SLOT_IDS, SLOT_WORDS } from "./progress.ts";

/** One word: the number of the leading thread. */
const LEADER_WORDS = 1;

/** Slot 0 is unused: threads count from 1. */
export interface Shared {
  readonly leader: Int32Array;
  readonly slots: Int32Array;
  /** Ids go beyond 32 bits. */
  readonly ids: Float64Array;
  readonly buffer: SharedArrayBuffer;
}

export function createShared(threads: number): Shared {
  return openShared(new SharedArrayBuffer(sizes(threads + 1).total), threads);
}

export function openShared(buffer: SharedArrayBuffer, threads: number): Shared {
  const { leaderAt, slotsAt, slots } = sizes(threads + 1);
  return {
    buffer,
    ids: new Float64Array(buffer, 0, slots * SLOT_IDS),
    leader: new Int32Array(buffer, leaderAt, LEADER_WORDS),
    slots: new Int32Array(buffer, slotsAt, slots * SLOT_WORDS),
  };
}

/** The ids come first: a Float64Array must begin at a multiple of 8 bytes. */
function sizes(slots: number) {
  const leaderAt = slots * SLOT_IDS * Float64Array.BYTES_PER_ELEMENT;
  const slotsAt = leaderAt + LEADER_WORDS * Int32Array.BYTES_PER_ELEMENT;
  const total = slotsAt + slots * SLOT_WORDS * Int32Array.BYTES_PER_ELEMENT;
  return { slots, leaderAt, slotsAt, total };
}
