/** Batches that meet rows which other transactions hold: on a database where several write at the same time. */
import { describe, expect, test } from "bun:test";
import { ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { IS_POSTGRES, makeRuntime } from "../model/support.ts";

class Account extends ModelSQL("account", { balance: v.number() }) {
  declare static readonly __queue__: Queue<typeof Account>;

  async add(value: number) {
    this.balance += value;
    await this.save();
  }
}

const ADD = { model: "account", method: "add" };

/** The accounts 1 and 2, and a task for each of these ids. */
async function pushAdds(ids: readonly number[]): Promise<number[]> {
  await Transaction.start({}, () => Account.create([{ balance: 0 }, { balance: 0 }]));
  const pushed = [];
  for (const id of ids) pushed.push(...(await Account.__queue__.add([id], 1)));
  return pushed;
}

async function balances(): Promise<number[]> {
  const accounts = await Transaction.start({}, () => Account.search([]));
  return accounts.map(({ balance }) => balance);
}

/** Makes the method quick. */
function proveQuick({ methods }: ReturnType<typeof makeRuntime>): void {
  for (let run = 0; run < 20; run++) methods.of(ADD).settledAtOnce(0.1);
}

/** Holds what `take` locks until the end of `during`. */
async function holding(
  take: () => Promise<unknown>,
  during: () => Promise<unknown>,
): Promise<void> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const { promise: taken, resolve: begun } = Promise.withResolvers<void>();
  const holder = Transaction.start({}, async () => {
    await take();
    begun();
    await over;
  });
  await taken;
  try {
    await during();
  } finally {
    end();
    await holder;
  }
}

/** One transaction at a time writes on SQLite: there is no such row. */
if (IS_POSTGRES) {
  describe("a batch that meets a row which another transaction holds", () => {
    const lockSecond = async () => {
      const [account] = await Account.browse([2]);
      await account?.add(10);
    };

    test("and has savepoints, keeps the runs before it, gives the others back as if they had not begun, and is smaller next time", async () => {
      await using tq = makeRuntime();
      const ids = await pushAdds([1, 2, 1]);
      proveQuick(tq);
      tq.methods.of(ADD).undone();
      await holding(lockSecond, async () => {
        const ended = await tq.runBatch(ids);
        expect(ended.map(({ state, attempts }) => [state, attempts])).toEqual([
          ["finished", 1],
          ["ready", 0],
          ["ready", 0],
        ]);
        expect(tq.methods.of(ADD).isQuick).toBe(false);
      });
      await tq.runAll();
      expect(await balances()).toEqual([2, 11]);
    });

    test("as its claims are looked at, keeps nothing, and its tasks stay claimed to run again at once", async () => {
      await using tq = makeRuntime();
      const ids = await pushAdds([1, 2, 1, 2]);
      proveQuick(tq);
      const [, second = 0] = ids;
      const cancelling = tq.store.session();
      await cancelling.begin();
      const claimed = await tq.runBatch(ids, () => cancelling.cancel(second), false);
      expect(claimed.map(({ state }) => state)).toEqual(Array(4).fill("running"));
      expect(tq.methods.of(ADD).mostInBatch).toBe(2);
      expect(await balances()).toEqual([0, 0]);
      await cancelling.rollback();
      await tq.store.release(cancelling);
    });
  });
}
