import { beforeEach, describe, expect, test } from "bun:test";
import { nextTurn } from "../../src/next-turn.ts";
import { removeLeader, LeaderCandidate } from "../../src/shared-memory/leader.ts";
import { createShared, type Shared } from "../../src/shared-memory/layout.ts";

/** ms; a little more than the span over which a thread measures its waiting. */
const SPAN = 50;

/** A thread, its turns to write, and a clock. */
class Member {
  readonly times = { waited: 0, held: 0 };
  readonly candidate: LeaderCandidate;
  #now = 0;

  constructor(shared: Shared, thread: number) {
    this.candidate = new LeaderCandidate(shared, thread, this.times);
  }

  /**
   * Runs quick tasks for a whole span; waits for the lock, and needs it, for these shares of the time.
   *
   * @returns true when it must park.
   */
  works({ waits = 0, needs = 0 } = {}): boolean {
    this.times.waited += waits * SPAN;
    this.times.held += needs * SPAN;
    return this.candidate.measure((this.#now += SPAN));
  }
}

let shared: Shared;
let first: Member;
let second: Member;
const never = new Promise<void>(() => {});

beforeEach(() => {
  shared = createShared(3);
  first = new Member(shared, 1);
  second = new Member(shared, 2);
  expect([first.works(), second.works()]).toEqual([false, false]);
});

/** Parks. @returns a function that tells whether the thread may go on */
function park(member: Member, woken: Promise<void> = never) {
  expect(member.works({ waits: 0.5 })).toBe(true);
  const over = member.candidate.park(woken);
  return async () => {
    await nextTurn();
    return Bun.peek.status(over) === "fulfilled";
  };
}

describe("of two threads that run quick tasks", () => {
  test("the one that waits long for the lock parks, unless it leads", () => {
    expect(first.works({ waits: 0.5, needs: 0.5 })).toBe(false);
    expect(second.works({ waits: 0.5, needs: 0.5 })).toBe(true);
  });

  test("both go on when they wait little", () => {
    for (let span = 0; span < 5; span++) {
      expect([first.works({ waits: 0.2 }), second.works({ waits: 0.2 })]).toEqual([false, false]);
    }
  });

  test("none parks before it was measured for a whole span", () => {
    second.times.waited += 30;
    expect(second.candidate.measure(SPAN + 30)).toBe(false);
  });

  test("the next one leads when the first has left", () => {
    first.candidate.resign();
    expect(second.works({ waits: 0.5 })).toBe(false);
    expect(second.works({ waits: 0.5 })).toBe(false);
    expect(first.works()).toBe(false);
    expect(first.works({ waits: 0.5 })).toBe(true);
  });
});

describe("a parked thread goes on", () => {
  test("when the leader runs something else", async () => {
    const over = park(second);
    expect(await over()).toBe(false);
    first.candidate.resign();
    expect(await over()).toBe(true);
  });

  test("when the leader has left meanwhile", async () => {
    expect(second.works({ waits: 0.5 })).toBe(true);
    first.candidate.resign();
    await second.candidate.park(never);
  });

  test("at once when an error has come between", async () => {
    expect(second.works({ waits: 0.5 })).toBe(true);
    first.candidate.resign();
    second.candidate.resign();
    const over = second.candidate.park(never);
    await nextTurn();
    expect(Bun.peek.status(over)).toBe("fulfilled");
  });

  test("when the leader is dead, or does not come back", async () => {
    const over = park(second);
    removeLeader(shared.leader, 2); // thread 2 does not lead
    expect(await over()).toBe(false);
    removeLeader(shared.leader, 1);
    expect(await over()).toBe(true);
  });

  test("when it is woken", async () => {
    const woken = Promise.withResolvers<void>();
    const over = park(second, woken.promise);
    expect(await over()).toBe(false);
    woken.resolve();
    expect(await over()).toBe(true);
  });

  test("when the leader needs the lock for less of its time, and it is measured anew", async () => {
    const over = park(second);
    first.works({ needs: 0.9 });
    expect(await over()).toBe(false);
    first.works({ needs: 0.4, waits: 0.2 }); // others have it meanwhile
    expect(await over()).toBe(false);
    first.works({ needs: 0.4 });
    expect(await over()).toBe(true);
    expect(second.works({ waits: 0.5 })).toBe(false);
    expect(second.works({ waits: 0.5 })).toBe(true);
  });

  test("with all others when the leader leaves, one after another when it needs the lock for less", async () => {
    const third = new Member(shared, 3);
    expect(third.works()).toBe(false);
    let overs = [park(second), park(third)];
    const over = async () => (await Promise.all(overs.map((isOver) => isOver()))).filter(Boolean);
    first.works({ needs: 0.4 });
    expect(await over()).toHaveLength(1);
    first.works({ needs: 0.4 });
    expect(await over()).toHaveLength(2);
    expect([second.works(), third.works()]).toEqual([false, false]);
    overs = [park(second), park(third)];
    first.candidate.resign();
    expect(await over()).toHaveLength(2);
  });
});
