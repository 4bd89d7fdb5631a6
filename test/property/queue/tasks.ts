/** The moves of tasks: push, claim, the ends of a run, cancel, retry by hand and clean; and the clock. */
import { expect } from "bun:test";
import fc from "fast-check";
import type { Session } from "../../../src/store/session.ts";
import type { Claim } from "../../../src/task.ts";
import type { QueueModel } from "./queue-model.ts";
import { holds as stillHolds } from "../../support/store.ts";
import {
  always,
  type Args,
  inSession,
  message,
  move,
  outside,
  owner,
  picked,
  refusal,
  task,
  time,
  toClaim,
  toError,
  toNewTask,
  toOwner,
  toPush,
  WANTED,
} from "./world.ts";
import { rows, toLook, toLookOfModel } from "./compare.ts";

export const push = move(
  "push",
  fc.record({
    groups: fc.array(fc.array(task, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 2,
    }),
  }),
  always,
  async (world, real, { groups }) => {
    const lists = groups.map((group) => group.map((one) => toPush(world, one)));
    const { session, store } = real;
    const pushes: PromiseSettledResult<number[]>[] = [];
    if (session) {
      for (const list of lists) {
        pushes.push(...(await Promise.allSettled([session.push(list.map(toNewTask))])));
      }
    } else {
      // They arrive together, so they share a commit: the refusal of one is not the other's.
      pushes.push(
        ...(await Promise.allSettled(lists.map((list) => store.push(list.map(toNewTask))))),
      );
    }
    for (const [index, list] of lists.entries()) {
      const pushed = pushes[index];
      const accepted = world.queue.accepts(list);
      expect(pushed?.status).toBe(accepted ? "fulfilled" : "rejected");
      if (pushed?.status !== "fulfilled") continue;
      expect(pushed.value).toHaveLength(list.length);
      for (const [place, one] of list.entries()) world.queue.push(pushed.value[place] ?? 0, one);
    }
  },
);

export const claim = move(
  "claim",
  fc.record({ owner, queues: fc.constantFrom(...WANTED), limit: fc.integer({ min: 1, max: 5 }) }),
  always,
  async (world, real, { owner: by, queues, limit }) => {
    const { worker, thread } = toOwner(world, by);
    const claimed = await inSession(real, (session) =>
      session.claim({ owner: { worker, thread }, queues, limit }),
    );
    const expected = world.queue.claim(worker, thread, queues, limit);
    expect(claimed.map(toLook)).toEqual(expected.map(toLookOfModel));
  },
);

export const claimOne = move(
  "claim one",
  fc.record({ owner, pick: picked }),
  always,
  async (world, real, { owner: by, pick }) => {
    const { worker, thread } = toOwner(world, by);
    const { id } = toClaim(world, pick);
    const claimed = await inSession(real, (session) => session.claimOne(id, { worker, thread }));
    const expected = world.queue.claimOne(id, worker, thread);
    expect(claimed && toLook(claimed)).toEqual(expected && toLookOfModel(expected));
  },
);

/** A move that ends a run: with a lost claim it says so, and changes nothing. */
function settle<T extends Args>(
  name: string,
  more: { [K in keyof T]: fc.Arbitrary<T[K]> },
  really: (session: Session, run: Claim, args: T) => Promise<boolean>,
  model: (queue: QueueModel, run: Claim, args: T) => boolean,
) {
  const args = fc.record({ pick: picked, more: fc.record(more) as unknown as fc.Arbitrary<T> });
  return move(name, args, always, async (world, real, { pick, more: values }) => {
    const run = toClaim(world, pick);
    const held = await inSession(real, (session) => stillHolds(session, run));
    expect(held).toBe(world.queue.holds(run) !== null);
    const kept = await inSession(real, (session) => really(session, run, values as T));
    expect(kept).toBe(held);
    expect(model(world.queue, run, values as T)).toBe(held);
  });
}

export const finish = settle<{ result: string | null }>(
  "finish",
  { result: fc.constantFrom(null, "7") },
  (session, run, { result }) => session.settle(run, { kind: "finished", result, reason: null }),
  (queue, run, { result }) => queue.finish(run, result),
);

export const fail = settle<{ message: string }>(
  "fail",
  { message },
  (session, run, args) => session.settle(run, { kind: "failed", error: toError(args.message) }),
  (queue, run, args) => queue.fail(run, args.message),
);

export const putOff = settle<{ message: string; delay: number }>(
  "put off",
  { message, delay: fc.constantFrom(0, 10, 50) },
  (session, run, args) =>
    session.settle(run, { kind: "postponed", delay: args.delay, error: toError(args.message) }),
  (queue, run, args) => queue.putOff(run, args.delay, args.message),
);

export const retry = settle<{ message: string; delay: number }>(
  "retry",
  { message, delay: fc.constantFrom(0, 10, 50) },
  (session, run, args) =>
    session.settle(run, { kind: "retry", delay: args.delay, error: toError(args.message) }),
  (queue, run, args) => queue.retry(run, args.delay, args.message),
);

export const snooze = settle<{ delay: number }>(
  "snooze",
  { delay: fc.constantFrom(0, 10, 50) },
  (session, run, { delay }) => session.settle(run, { kind: "snoozed", delay, reason: "closed" }),
  (queue, run, { delay }) => queue.snooze(run, delay, "closed"),
);

export const cancelRun = settle(
  "cancel itself",
  {},
  (session, run) => session.settle(run, { kind: "cancelled", reason: "gone" }),
  (queue, run) => queue.cancelRun(run, "gone"),
);

export const interrupt = settle(
  "interrupt",
  {},
  (session, run) => session.settle(run, { kind: "interrupted", reason: "stopped" }),
  (queue, run) => queue.interrupt(run, "stopped"),
);

export const crash = settle<{ max: number }>(
  "crash",
  { max: fc.integer({ min: 1, max: 3 }) },
  (session, run, { max }) =>
    session.settle(run, { kind: "crashed", reason: "gone", maxCrashes: max }),
  (queue, run, { max }) => queue.crash(run, "gone", max),
);

export const handBack = settle(
  "hand back",
  {},
  async (session, run) => {
    const held = await stillHolds(session, run);
    await session.handBack([run]);
    return held;
  },
  (queue, run) => queue.handBack(run),
);

export const cancel = move(
  "cancel",
  fc.record({ pick: picked }),
  outside,
  async (world, real, args) => {
    const { id } = toClaim(world, args.pick);
    const known = world.queue.tasks.has(id);
    const done = world.queue.cancel(id, "not wanted");
    const expected = done ? null : known ? "conflict" : "not_found";
    expect(await refusal(real.store.cancel(id, "not wanted"))).toBe(expected);
  },
);

export const retryByHand = move(
  "retry by hand",
  fc.record({ pick: picked }),
  outside,
  async (world, real, args) => {
    const { id } = toClaim(world, { ...args.pick, among: "all" });
    const known = world.queue.tasks.has(id);
    const done = world.queue.retryByHand(id);
    const expected = done ? null : known ? "conflict" : "not_found";
    expect(await refusal(real.store.retry(id))).toBe(expected);
  },
);

export const clean = move(
  "clean",
  fc.record({ finished: time, failed: time, limit: fc.constantFrom(1, 100) }),
  outside,
  async (world, real, { finished, failed, limit }) => {
    const { queue } = world;
    const [finishedBefore, failedBefore] = [queue.now - finished, queue.now - failed];
    const count = await real.store.clean({ finishedBefore, failedBefore, limit });
    const may = [...queue.tasks.values()].filter((one) =>
      queue.isCleanable(one, finishedBefore, failedBefore),
    );
    expect(count).toBe(Math.min(limit, may.length));
    // Which of them, where there are more than the limit, is the store's business.
    const left = new Set(rows(real.look).map(({ id }) => id));
    const gone = may.filter(({ id }) => !left.has(id));
    expect(gone).toHaveLength(count);
    for (const { id } of gone) queue.remove(id);
  },
);

const SAID = `{"at":1,"level":"info","text":"a line"}\n`;

/** What a run has said, also one that has lost its claim. */
export const say = move(
  "say",
  fc.record({ pick: picked, runs: fc.constantFrom(0, 0, 0, 19, 20) }),
  always,
  async (world, real, { pick, runs }) => {
    const { id } = toClaim(world, { ...pick, behind: 0 });
    const task = world.queue.tasks.get(id);
    if (!task) return;
    const attempt = task.attempts + 1 + runs;
    await inSession(real, (session) => session.keepOutput(id, attempt, SAID));
    world.queue.history.say(id, attempt, SAID);
  },
);
