/**
 * Up to where the pushes and ends of tasks are complete. A task has its id and its times before its transaction commits, so
 * that one may appear behind others that a reader has passed already.
 *
 * A transaction that writes tasks has the lock RowExclusiveLock on tq.task from before its first id to its end, and everybody may see
 * that in pg_locks. A look reads the last id first, then these transactions. One that the look before did not see has got
 * its ids since then: so all ids are complete that were given before the look before the first one that saw any transaction
 * which is still open. It costs two short statements a look, and a push nothing.
 */
import { setTimeout } from "../clock.ts";
import type { Access } from "./access.ts";
import type { Connection } from "./connection.ts";
import { lastPushedBefore } from "./sql/task-list.ts";

export interface Place {
  /** All pushes up to this id are there, or will never be. */
  readonly id: number;
  /** So are all ends up to this time, less LATE_MS. */
  readonly time: number;
}

export interface Completeness extends Place {
  /** The last id that was given to a task. */
  readonly highest: number;
  /** True: nothing is under way. */
  readonly isAll: boolean;
}

/** The time that a program says is behind that of the lock by less: by the way to the server, and what its clock errs. */
export const LATE_MS = 100;

const HIGHEST = "SELECT coalesce(pg_sequence_last_value('tq.task_id_seq'), 0)::float8 AS id";

/** The names of the transactions that write tasks: they are never used again while the server runs. */
const WRITERS = `
  SELECT DISTINCT virtualtransaction AS name
    FROM pg_locks
   WHERE locktype = 'relation' AND relation = 'tq.task'::regclass AND mode = 'RowExclusiveLock' AND granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** The server hides the times of other roles' transactions from most roles. */
const AGES = `
  SELECT virtualtransaction AS name, extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS age
    FROM pg_locks JOIN pg_stat_activity USING (pid)
   WHERE virtualtransaction = ANY ($1::text[])`;

/** The first look takes this for the age of a transaction that hides it. */
const UNKNOWN_AGE_MS = 600_000;

/** The pauses of a wait, within which most transactions end. */
const PAUSES_MS: readonly number[] = [2, 5, 10, 20, 40];

interface Writer {
  readonly before: Place;
  readonly looks: number;
}

export class Complete {
  readonly #access: Access;
  #writers = new Map<string, Writer>();
  /** The answer of the last look, from before it read the transactions. */
  #last: Place | null = null;
  #looking: Promise<Completeness> | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  /** Waits a moment for transactions that are under way, unless one of them takes longer anyhow. */
  async find(): Promise<Completeness> {
    let found = await this.#look();
    const { highest } = found;
    for (const pause of PAUSES_MS) {
      if (found.id >= highest || this.#isAnyLong()) break;
      await new Promise<void>((resolve) => void setTimeout(resolve, pause));
      found = await this.#look();
    }
    return found;
  }

  #isAnyLong(): boolean {
    return this.#writers.values().some(({ looks }) => looks > PAUSES_MS.length);
  }

  /** Those that ask at the same time share a look. */
  #look(): Promise<Completeness> {
    return (this.#looking ??= this.#access
      .read((db) => this.#lookNow(db))
      .finally(() => (this.#looking = null)));
  }

  async #lookNow(db: Connection): Promise<Completeness> {
    const time = this.#access.now();
    const [given, names] = await Promise.all([
      db.get<{ readonly id: number }>(HIGHEST),
      db.all<{ readonly name: string }>(WRITERS), // after it: they run in their order
    ]);
    const highest = given?.id ?? 0;
    const news = names.filter(({ name }) => !this.#writers.has(name));
    const last = this.#last ?? (await this.#placeBefore(db, news, time));
    const writers = names.map(({ name }): [string, Writer] => {
      const { before = last, looks = 0 } = this.#writers.get(name) ?? {};
      return [name, { before, looks: looks + 1 }];
    });
    this.#writers = new Map(writers);
    this.#last = { id: highest, time };
    const places = writers.map(([, { before }]) => before);
    const id = Math.min(highest, ...places.map((place) => place.id));
    const until = Math.min(time, ...places.map((place) => place.time));
    return { id, time: until, highest, isAll: places.length === 0 };
  }

  /** A place from before these transactions began: the first look has none before it. */
  async #placeBefore(
    db: Connection,
    names: readonly { readonly name: string }[],
    now: number,
  ): Promise<Place> {
    if (names.length === 0) return { id: 0, time: 0 };
    const all = names.map(({ name }) => name);
    const rows = await db.all<{ readonly name: string; readonly age: number | null }>(AGES, [all]);
    const ages = new Map(rows.map(({ name, age }) => [name, age]));
    const oldest = Math.max(...all.map((name) => ages.get(name) ?? UNKNOWN_AGE_MS));
    const time = Math.floor(now - oldest - 10 * LATE_MS);
    return { id: await lastPushedBefore(db, time), time };
  }
}
