/** The turn among the transactions of one thread: who waits, and for how long. */
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { LocalTurn } from "../../../src/sqlite/lock/turn.ts";
import { errorOf } from "../../support/error.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Lets `ms` pass, with what comes of it. */
async function pass(ms: number): Promise<void> {
  for (let n = 0; n < ms; n++) {
    jest.advanceTimersByTime(1);
    for (let turns = 0; turns < 5; turns++) await Promise.resolve();
  }
}

function lockedTurn(): LocalTurn {
  const turn = new LocalTurn();
  expect(turn.take()).toBeUndefined();
  turn.lockTaken();
  return turn;
}

test("who waits long for a transaction that holds the lock long is sent away, the others wait on", async () => {
  const turn = lockedTurn();
  const sentAway = errorOf(Promise.resolve(turn.take(5_000)));
  await pass(3_000);
  const later = turn.take(5_000);
  const patient = turn.take(60_000);
  await pass(1_999);
  expect(Bun.peek.status(sentAway)).toBe("pending");
  await pass(30);
  expect(await sentAway).toMatchObject({
    code: "busy",
    message:
      "Cannot write: another transaction of this program has held the lock for 5 s; let it end first and await nothing slow in it, or raise database.timeout",
  });
  expect(Bun.peek.status(later)).toBe("pending");
  turn.free();
  await later;
  turn.free();
  await patient;
});

test("who waits less long is sent away before those that came first", async () => {
  const turn = lockedTurn();
  const patient = turn.take(3_000);
  const hasty = errorOf(Promise.resolve(turn.take(100)));
  await pass(130);
  expect((await hasty).message).toContain("held the lock for 100 ms");
  expect(Bun.peek.status(patient)).toBe("pending");
});

test("nobody is sent away where the lock changes hands, however many wait", async () => {
  const turn = lockedTurn();
  const waiting = Array.from({ length: 20 }, () => turn.take(1_000));
  for (const next of waiting) {
    await pass(900);
    turn.free();
    await next;
    turn.lockTaken();
  }
  const last = errorOf(Promise.resolve(turn.take(1_000)));
  await pass(1_100);
  expect((await last).message).toContain("held the lock for 1 s");
});

test("waiting for another program's lock is no holding of it", async () => {
  const turn = new LocalTurn();
  void turn.take();
  const waiting = turn.take(1_000);
  await pass(10_000);
  expect(Bun.peek.status(waiting)).toBe("pending");
  turn.lockTaken();
  await pass(900);
  turn.free();
  await waiting;
});

test("a transaction that held the lock while the whole process stood still has a moment to end", async () => {
  const turn = lockedTurn();
  const waiting = turn.take(1_000);
  jest.advanceTimersByTime(1_000);
  await Promise.resolve();
  turn.free();
  await waiting;
});

test("nothing keeps looking once nobody waits", async () => {
  const turn = lockedTurn();
  const waiting = turn.take(1_000);
  expect(jest.getTimerCount()).toBe(1);
  turn.free();
  await waiting;
  expect(jest.getTimerCount()).toBe(0);
});
