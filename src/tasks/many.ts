/** Moves all tasks of a filter: it finds them first, then moves those that still match, in slices. */
import { isTqError, TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import type { ManyMove, ReadFilter } from "../store/looking.ts";
import type { Store } from "../store/store.ts";

/** Tasks moved in one transaction: some ms of the write lock. */
const MOVED_AT_ONCE = 500;

export interface ManyOptions {
  /** Called after each part with the count so far. */
  readonly tell?: (count: number) => void;
  /** Ends the search, or the moves, between two parts. */
  readonly signal?: AbortSignal | undefined;
}

/** The filter of a move: none retries a task that waits for its first run. */
export function movable(move: ManyMove, filter: ReadFilter): ReadFilter {
  return move.kind === "retry" ? { ...filter, scheduledAfterRuns: 1 } : filter;
}

/** The ids of all tasks that match now, the newest first: what is pushed later is none of them. */
export async function findAll(
  store: Store,
  filter: ReadFilter,
  { tell, signal }: ManyOptions = {},
): Promise<number[]> {
  const ids: number[] = [];
  for await (const { found } of store.matching(filter)) {
    for (const id of found) ids.push(id);
    tell?.(ids.length);
    if (signal?.aborted) break;
  }
  return ids;
}

/**
 * Moves those of these tasks that the filter still holds for. Others write between two slices.
 *
 * @returns how many were moved, up to the signal.
 * @throws TqError with the count, where a slice is refused.
 */
export async function moveThese(
  store: Store,
  move: ManyMove,
  ids: readonly number[],
  filter: ReadFilter,
  { tell, signal }: ManyOptions = {},
): Promise<number> {
  let moved = 0;
  try {
    for (let start = 0; start < ids.length && !signal?.aborted; start += MOVED_AT_ONCE) {
      moved += await store.moveMany(move, ids.slice(start, start + MOVED_AT_ONCE), filter);
      tell?.(moved);
      await nextTurn();
    }
    return moved;
  } catch (error) {
    if (moved === 0 || !isTqError(error)) throw error;
    const message = `Stopped after ${moved} of the tasks that match: ${error.message}`;
    throw new TqError(error.code, message, { cause: error });
  }
}

/** Finds and moves all tasks of a filter; returns how many. */
export async function moveAll(store: Store, move: ManyMove, filter: ReadFilter): Promise<number> {
  const those = movable(move, filter);
  return moveThese(store, move, await findAll(store, those), those);
}
