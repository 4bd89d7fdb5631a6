import { describe, expect, test } from "bun:test";
import { createShared, openShared } from "../../src/shared-memory/layout.ts";
import { MAX_CLAIMS, Progress } from "../../src/shared-memory/progress.ts";

/** The same memory as the thread 2 of three writes it, and as the main thread reads it. */
function bothSides() {
  const shared = createShared(3);
  const thread = new Progress(openShared(shared.buffer, 3), 2);
  return { thread, main: new Progress(shared, 2), shared };
}

/** Both sides, and what the main thread does after each id that the thread writes. */
function watchedWrites(meanwhile: (main: Progress, id: number) => void) {
  const { main, shared } = bothSides();
  const ids = new Proxy(shared.ids, {
    get: (target, key) => Reflect.get(target, key, target) as unknown,
    set(target, key, value: number) {
      const done = Reflect.set(target, key, value, target);
      meanwhile(main, value);
      return done;
    },
  });
  return { main, thread: new Progress({ ...shared, ids }, 2) };
}

const claims = (...ids: number[]) => ids.map((id) => ({ id, claim: id * 10 }));

describe("what a thread runs", () => {
  test("is seen by the main thread, and nothing between two runs", () => {
    const { thread, main } = bothSides();
    expect(main.running()).toBeNull();
    thread.setClaims(claims(7));
    expect(main.running()).toBeNull();
    expect(thread.begin({ id: 7, claim: 70 })).toBe(true);
    expect(main.running()).toEqual({ id: 7, claim: 70 });
    thread.end();
    expect(main.running()).toBeNull();
  });

  test("has ids beyond 32 bits", () => {
    const { thread, main } = bothSides();
    const claim = { id: 2 ** 50 + 1, claim: 3 };
    thread.setClaims([claim]);
    expect(main.takeBack()).toEqual([claim]);
    thread.setClaims([claim]);
    thread.begin(claim);
    expect(main.running()).toEqual(claim);
  });

  test("is told apart from the next run by its sequence, also of the same task", () => {
    const { thread, main } = bothSides();
    thread.setClaims(claims(1, 2));
    thread.begin({ id: 1, claim: 10 });
    const first = main.sequence;
    thread.begin({ id: 2, claim: 20 });
    expect(main.sequence).not.toBe(first);
    expect(main.running()).toEqual({ id: 2, claim: 20 });
    thread.end();
    thread.end();
    expect(main.sequence % 2).toBe(0);
  });

  test("is never seen with the claim of another", () => {
    const seen: unknown[] = [];
    const { main, thread } = watchedWrites((side) => seen.push(side.running()));
    thread.setClaims(claims(1, 2));
    thread.begin({ id: 1, claim: 10 });
    thread.begin({ id: 2, claim: 20 });
    expect(seen.length).toBeGreaterThan(0);
    for (const claim of seen) expect(claim).toBeNull();
    expect(main.running()).toEqual({ id: 2, claim: 20 });
  });

  test("is of that thread alone", () => {
    const { thread, shared } = bothSides();
    thread.setClaims(claims(1, 2, 3));
    thread.begin({ id: 1, claim: 10 });
    thread.count("failed");
    for (const number of [0, 1, 3]) {
      const other = new Progress(shared, number);
      expect(other.running()).toBeNull();
      expect(other.unbegun).toBe(0);
      expect(other.counted("failed")).toBe(0);
    }
  });

  test("is counted by its outcome", () => {
    const { thread, main } = bothSides();
    thread.count("finished");
    thread.count("finished");
    thread.count("failed");
    expect([main.counted("finished"), main.counted("failed")]).toEqual([2, 1]);
  });
});

describe("what a thread has claimed and not begun", () => {
  test("can be taken back once, and is then not begun", () => {
    const { thread, main } = bothSides();
    thread.setClaims(claims(1, 2, 3));
    expect(thread.begin({ id: 1, claim: 10 })).toBe(true);
    expect(main.unbegun).toBe(2);
    expect(main.takeBack()).toEqual(claims(2, 3));
    expect(main.takeBack()).toEqual([]);
    expect(thread.begin({ id: 2, claim: 20 })).toBe(false);
    expect(main.running()).toEqual({ id: 1, claim: 10 });
  });

  test("is nothing once all have begun", () => {
    const { thread, main } = bothSides();
    thread.setClaims(claims(1));
    thread.begin({ id: 1, claim: 10 });
    expect(main.takeBack()).toEqual([]);
    expect(main.unbegun).toBe(0);
  });

  test("is what it holds now, not what it held before", () => {
    const { thread, main } = bothSides();
    thread.setClaims(claims(1, 2));
    thread.setClaims(claims(3, 4, 5));
    expect(main.takeBack()).toEqual(claims(3, 4, 5));
    thread.setClaims(claims(6));
    expect(thread.begin({ id: 6, claim: 60 })).toBe(true);
  });

  test("holds for very many rounds", () => {
    const { thread, main } = bothSides();
    for (let round = 0; round < 100_000; round++) {
      thread.setClaims(claims(1, 2));
      if (!thread.begin({ id: 1, claim: 10 })) throw new Error(`round ${round}`);
      if (round % 1000 === 0) expect(main.takeBack()).toEqual(claims(2));
    }
  });

  test("may be five hundred", () => {
    const { thread, main } = bothSides();
    const many = claims(...Array.from({ length: 500 }, (_, index) => index + 1));
    thread.setClaims(many);
    thread.begin({ id: 1, claim: 10 });
    expect(main.takeBack()).toEqual(many.slice(1));
  });

  test("are taken back by nobody while they are written", () => {
    const taken: unknown[] = [];
    const { main, thread } = watchedWrites((side, id) => {
      if (id === 32) taken.push(...side.takeBack()); // two of three are written
    });
    thread.setClaims(claims(1, 2, 3));
    thread.begin({ id: 1, claim: 10 });
    thread.setClaims(claims(31, 32, 33)); // what it held before it has given back itself
    expect(taken).toEqual([]);
    expect(main.takeBack()).toEqual(claims(31, 32, 33));
  });
});

describe("claims that a thread holds", () => {
  const many = (count: number) => claims(...Array.from({ length: count }, (_, index) => index + 1));

  test("fill its slot, and leave the next thread's alone", () => {
    const { thread, shared } = bothSides();
    const next = new Progress(shared, 3);
    next.setClaims(claims(900));
    thread.setClaims(many(MAX_CLAIMS));
    expect(next.takeBack()).toEqual(claims(900));
    expect(thread.takeBack()).toEqual(many(MAX_CLAIMS));
  });

  test("are refused where they do not fit", () => {
    const { thread, shared } = bothSides();
    const next = new Progress(shared, 3);
    next.setClaims(claims(900));
    expect(() => thread.setClaims(many(MAX_CLAIMS + 20))).toThrow(
      "A thread cannot hold 520 claims",
    );
    expect(next.takeBack()).toEqual(claims(900));
  });
});

test("the waits for the write lock add up, beside the delay of the run, also through the next thread of the number", () => {
  const { thread, main, shared } = bothSides();
  thread.setTimeout(1_000, 7);
  thread.lockAwaited(10);
  expect(main.awaited).toBe(0);
  thread.lockTaken(false, 12.5);
  thread.lockReleased(20);
  expect(main.awaited).toBe(2.5);
  const next = new Progress(shared, 2);
  next.lockAwaited(0);
  next.lockReleased(100); // the database stayed locked
  expect([main.awaited, main.timeout?.retryAfter]).toEqual([102.5, 7]);
});
