/** Goes through many tasks in slices, so that others read and write in between. */
import type { Database } from "bun:sqlite";
import { nextTurn } from "../next-turn.ts";
import type { Access } from "./access.ts";
import type { Connections } from "./connections.ts";
import { findAhead, repair } from "./sql/clock-repair.ts";
import { keep } from "./sql/kept-counts.ts";

/** A slice's access to the database. */
export interface SliceAccess extends Pick<Access, "now" | "read" | "write"> {
  readonly connections: Pick<Connections, "reader" | "idle">;
}

/** Takes each step in a read of its own, with a turn of the event loop in between. */
export async function* readSteps<T>(
  access: SliceAccess,
  start: (db: Database) => Generator<T, void>,
): AsyncGenerator<T, void> {
  const steps = start(access.connections.reader);
  for (;;) {
    const step = await access.read(() => steps.next());
    if (step.done) return;
    yield step.value;
    await nextTurn();
  }
}

/** Tasks whose times are repaired in one transaction: a few ms of the write lock. */
const REPAIRED_AT_ONCE = 500;

/** Repairs times written while the clock was ahead; returns how many tasks had one. */
export async function repairTimes(access: SliceAccess, what: "all" | "places"): Promise<number> {
  const onlyPlaces = what === "places";
  const began = access.now();
  const slices = findAhead(() => access.connections.idle, began, onlyPlaces);
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

/** Counts the tasks of which there are too many to count whenever someone asks; yields true where a count has changed. */
export async function* recount(access: SliceAccess): AsyncGenerator<boolean, void> {
  const { recountAll } = await import("./sql/recount.ts");
  for await (const counted of readSteps(access, (db) => recountAll(db, () => access.now()))) {
    yield counted !== null && (await access.write((db) => keep(db, counted)));
  }
}
