/** Changes many tasks in slices, each in its own transaction, so that others write in between. */
import type { Database } from "bun:sqlite";
import { isTqError, TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import type { MoveFilter } from "../store/looking.ts";
import { matching } from "./sql/by-hand.ts";
import { findAhead, repair } from "./sql/clock-repair.ts";

/** A slice's access to the database. */
export interface SliceAccess {
  /** The connection that reads. */
  readonly reader: Database;
  now(): number;
  /** Reads, outside any transaction. */
  read<T>(fn: () => T): Promise<T>;
  /** Writes, in a transaction of its own. */
  write<T>(fn: (db: Database, now: number) => T): Promise<T>;
}

/** Changes these tasks; returns how many it changed. */
type Move = (ids: readonly number[], db: Database, now: number) => number;

/** Calls `move` with all tasks that match the filter; returns how many it changed. */
export async function moveMatching(
  access: SliceAccess,
  filter: MoveFilter,
  move: Move,
): Promise<number> {
  const slices = matching(access.reader, filter);
  let moved = 0;
  try {
    for (;;) {
      const { value: ids } = await access.read(() => slices.next());
      if (!ids) return moved;
      moved += await access.write((db, now) => move(ids, db, now));
      await nextTurn();
    }
  } catch (error) {
    if (moved === 0 || !isTqError(error)) throw error;
    const message = `Stopped after ${moved} of the tasks that match: ${error.message}`;
    throw new TqError(error.code, message, { cause: error });
  }
}

/** Tasks whose times are repaired in one transaction: a few ms of the write lock. */
const REPAIRED_AT_ONCE = 500;

/** Repairs times written while the clock was ahead; returns how many tasks had one. */
export async function repairTimes(access: SliceAccess, what: "all" | "places"): Promise<number> {
  const onlyPlaces = what === "places";
  const began = access.now();
  const slices = findAhead(access.reader, began, onlyPlaces);
  let repaired = 0;
  for (;;) {
    const { value: ids } = await access.read(() => slices.next());
    if (!ids) return repaired;
    await nextTurn();
    for (let start = 0; start < ids.length; start += REPAIRED_AT_ONCE) {
      const some = ids.slice(start, start + REPAIRED_AT_ONCE);
      // `began` sorts the repaired tasks before those pushed meanwhile.
      repaired += await access.write((db, now) =>
        repair(db, some, { now, to: Math.min(began, now), onlyPlaces }),
      );
      await nextTurn();
    }
  }
}
