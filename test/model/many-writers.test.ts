/** Many transactions at once that read, save and delete the same rows: no change of one is lost in another. */
import { expect, test } from "bun:test";
import { TqError, Transaction } from "../../src/index.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { Counter } from "../transaction/counter.ts";
import { IS_POSTGRES, makeRuntime } from "./support.ts";

/** What a transaction has done, if it commits. */
interface Done {
  added: number;
  /** The values that deleted records had for the code that deleted them. */
  deleted: number;
}

/** Numbers below `limit`, the same ones for the same seed. */
function makeRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(state / 65_536) % limit;
  };
}

type Random = ReturnType<typeof makeRandom>;

/** Adds to some counters, or deletes one and makes another; others commit in between. */
async function change(random: Random): Promise<Done> {
  const done = { added: 0, deleted: 0 };
  const all = await Counter.search([]);
  const deletes = random(4) === 0;
  for (let times = deletes ? 1 : 3; times > 0; times--) {
    const counter = all[random(all.length)];
    if (!counter) continue;
    for (let turns = random(3); turns > 0; turns--) await nextTurn();
    if (deletes) {
      done.deleted += counter.value;
      await counter.delete();
      await Counter.create([{ name: "new", value: 0 }]);
    } else {
      if (random(5) === 0) await Counter.lock([counter]);
      counter.value += 1;
      done.added += 1;
      await counter.save();
    }
  }
  return done;
}

/** Where transactions write at the same time, two that wait for each other are told that the database is busy. */
const AGAIN = new Set(IS_POSTGRES ? ["conflict", "busy"] : ["conflict"]);

/** Runs it again after each conflict, at last with the lock from its start. */
async function untilDone(random: Random): Promise<Done> {
  for (let tries = 1; ; tries++) {
    try {
      return await Transaction.start({ lock: tries > 3 }, () => change(random));
    } catch (error) {
      if (!(error instanceof TqError) || !AGAIN.has(error.code)) throw error;
    }
  }
}

test.each([1, 2, 3])(
  "what many transactions add is in the rows or was deleted knowingly: %d",
  async (seed) => {
    await using tq = makeRuntime();
    const random = makeRandom(seed);
    await Transaction.start({}, () =>
      Counter.create(Array.from({ length: 4 }, () => ({ name: "old", value: 0 }))),
    );
    const total = { added: 0, deleted: 0 };
    for (let round = 0; round < 20; round++) {
      const all = await Promise.all(Array.from({ length: 8 }, () => untilDone(random)));
      for (const { added, deleted } of all) {
        total.added += added;
        total.deleted += deleted;
      }
    }
    const [left] = tq.sql("SELECT sum(value) AS value, count(*) AS rows FROM counter");
    expect(left).toEqual({ value: total.added - total.deleted, rows: 4 });
    expect(total.deleted).toBeGreaterThan(0);
  },
);
