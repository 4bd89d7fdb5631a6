/** The wait for the write lock, of runs in a program that is no worker. */
import { expect, test } from "bun:test";
import { monotonicNow } from "../../src/clock.ts";
import { task, Transaction } from "../../src/index.ts";
import { LockWaits } from "../../src/run/lock-waits.ts";
import { makeRuntime } from "../model/support.ts";
import { untilTrue } from "../support/until.ts";

const TIMEOUT_MS = 500;

/** The lock of another transaction, which the run waits for. */
let hold: PromiseWithResolvers<void>;
let held: PromiseWithResolvers<void>;

const write = task("invoice.write", { timeout: `${TIMEOUT_MS}ms` }, async () => {
  hold.resolve();
  await held.promise;
  await Transaction.current.sql`CREATE TABLE invoice (id INTEGER)`;
});

test("a run of a program without a worker is not late by its wait for the write lock", async () => {
  await using tq = makeRuntime({ worker: false });
  hold = Promise.withResolvers();
  held = Promise.withResolvers();
  const pushed = write.push();
  await hold.promise;
  await Transaction.start({}, async () => {
    await Transaction.current.sql`CREATE TABLE other (id INTEGER)`;
    held.resolve();
    const since = monotonicNow();
    await untilTrue(() => monotonicNow() > since + 2 * TIMEOUT_MS);
  });
  const id = await pushed;
  expect(await tq.getTask(id)).toMatchObject({ state: "finished", reason: null });
});

/** A run tells how long it waited. */
function watched() {
  const told: string[] = [];
  const waits = new LockWaits({
    lockAwaited: () => void told.push("waits"),
    lockReleased: () => void told.push("waits no more"),
  });
  return { told, waits };
}

function session() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const one = { writing: false };
  const begin = () => promise.then(() => void (one.writing = true));
  return { one, begin, resolve, reject };
}

test("a wait of several transactions of a run is one, and ends with the first that has the lock", async () => {
  const { told, waits } = watched();
  const [first, second] = [session(), session()];
  const both = [waits.during(first.one, first.begin), waits.during(second.one, second.begin)];
  expect(told).toEqual(["waits"]);
  first.resolve();
  await both[0];
  expect(told).toEqual(["waits", "waits no more"]);
  first.one.writing = false;
  second.resolve();
  await both[1];
  expect(told.slice(2)).toEqual(["waits no more"]);
});

test("a run that waits for a transaction of its own waits for no other", async () => {
  const { told, waits } = watched();
  const [first, second] = [session(), session()];
  first.resolve();
  await waits.during(first.one, first.begin);
  told.length = 0;
  second.resolve();
  await waits.during(second.one, second.begin);
  expect(told).toEqual([]);
});

test("a wait that fails has ended", async () => {
  const { told, waits } = watched();
  const failing = session();
  failing.reject(new Error("it is busy"));
  const wait = waits.during(failing.one, failing.begin);
  expect(await Promise.resolve(wait).catch((error: unknown) => String(error))).toBe(
    "Error: it is busy",
  );
  expect(told).toEqual(["waits", "waits no more"]);
  const thrown = () => {
    throw new Error("at once");
  };
  expect(() => waits.during({ writing: false }, thrown)).toThrow("at once");
  expect(told).toHaveLength(4);
});
