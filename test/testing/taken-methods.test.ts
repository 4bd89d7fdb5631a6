/** Methods that a program takes from the objects of tq, by destructuring or as callbacks. */
import { expect, test } from "bun:test";
import { currentTask, type CurrentTask, Model, type Queue, tasks, Transaction } from "tq";
import { testQueue } from "tq/testing";

class Sheet extends Model {
  static override readonly __name__ = "taken.sheet";
  declare static readonly __queue__: Queue<typeof Sheet>;
  async print() {
    const { progress, log, signal } = currentTask() as CurrentTask;
    // oxlint-disable-next-line typescript/unbound-method -- the subject of this test
    const { commit, setContext, setUser, sql } = Transaction.current;
    progress(1, 2);
    ["a", "b"].forEach((line) => log(line));
    expect((currentTask() as CurrentTask).log).toBe(log);
    await sql`SELECT 1`;
    await commit();
    await setContext({ a: 1 }, () => expect(Transaction.current.context).toMatchObject({ a: 1 }));
    await setUser(7, () => expect(Transaction.current.user).toBe(7));
    return signal.aborted;
  }
}

test("methods work that were taken from a task, a transaction, a handle, a test queue and its clock", async () => {
  await using queue = await testQueue({ models: [Sheet] });
  const { drain, pushed, clock, clear } = queue;
  const { advance, now, set } = clock;
  const before = now();
  advance("1h");
  expect(now()).toBe(before + 3_600_000);
  set(new Date(before));
  const { with: pushWith } = Sheet.__queue__.print;
  const handle = await pushWith({ priority: 1 })(new Sheet(1));
  expect(await pushed()).toHaveLength(1);
  const [run] = await drain();
  expect(run).toMatchObject({ outcome: "finished", progress: { done: 1, total: 2 } });
  expect(run?.log.map(({ text }) => text)).toEqual(["a", "b"]);
  // oxlint-disable-next-line typescript/unbound-method -- the subject of this test
  const { id, get: getIt, result, attempts, errors, why, retry, cancel, watch } = handle;
  const { get, list } = tasks;
  expect(await getIt()).toEqual(await get(id));
  expect(await list()).toHaveLength(1);
  expect(await result()).toBe(false);
  expect([(await attempts()).length, await errors()]).toEqual([1, []]);
  expect((await why())?.cause).toBe("finished");
  for await (const { state } of watch()) expect(state).toBe("finished");
  expect((await retry()).state).toBe("ready");
  expect((await cancel("no")).state).toBe("cancelled");
  expect(await clear()).toBe(0);
});

test("a test may replace a method of an object that it was given", async () => {
  await using queue = await testQueue({ models: [Sheet] });
  const handle = await Sheet.__queue__.print.with({})(new Sheet(1));
  handle.get = async () => null;
  expect(await handle.get()).toBeNull();
  expect(await queue.clear()).toBe(1);
});
