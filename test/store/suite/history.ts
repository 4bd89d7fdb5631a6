/** What a task keeps of its runs: how each ended, and what it said. */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../src/outcome.ts";
import type { Claim } from "../../../src/task.ts";
import { claimFirst, pushOne, cancelAll, retryAll } from "../../support/store.ts";
import { clock, ERROR, finish, store } from "./subject.ts";

const settle = (task: Claim, outcome: Outcome) =>
  store.write((session) => session.settle(task, outcome));

/** Runs the task once it is due, for 30 ms. */
async function runFor(outcome: Outcome): Promise<void> {
  clock.advance(1_000);
  const task = await claimFirst(store);
  clock.advance(30);
  expect(await settle(task, outcome)).toBe(true);
}

export function historyTests(): void {
  describe("the runs of a task", () => {
    test("are kept with how long each waited, ran and was late", async () => {
      const start = clock.now();
      const id = await pushOne(store, { expectedAt: start + 2_000 });
      await runFor({ kind: "retry", delay: 500, error: ERROR });
      await runFor({ kind: "snoozed", delay: 0, reason: "closed" });
      await runFor({ kind: "interrupted", reason: "its worker stops" });
      clock.advance(70);
      const last = await claimFirst(store);
      expect((await store.attempts(id)).at(-1)).toMatchObject({
        number: 4,
        outcome: "running",
        ended_at: null,
        ran: null,
        worker: "worker-1",
        thread: 1,
      });
      clock.advance(5);
      await finish(last);
      expect(await store.attempts(id)).toMatchObject([
        { number: 1, outcome: "failed", waited: 1_000, ran: 30, late: 0, message: ERROR.message },
        { number: 2, outcome: "snoozed", waited: 500, ran: 30, late: 60, reason: "closed" },
        { number: 3, outcome: "interrupted", waited: 1_000, ran: 30, late: 1_090 },
        { number: 4, outcome: "finished", waited: 70, ran: 5, started_at: start + 3_160 },
      ]);
      expect(await store.errors(id)).toHaveLength(1);
    });

    test("that finished the task stay when it is retried by hand, one or many, and a first run writes nothing", async () => {
      const ids = [await pushOne(store), await pushOne(store)];
      await runFor({ kind: "finished", result: null, reason: "first" });
      await runFor({ kind: "finished", result: null, reason: "first" });
      await store.retry(ids[0] ?? 0);
      expect(await retryAll(store, { states: ["finished"] })).toBe(1);
      for (const id of ids) {
        expect(await store.attempts(id)).toMatchObject([
          { number: 1, outcome: "finished", reason: "first", ran: 30, name: null },
        ]);
      }
      await runFor({ kind: "finished", result: null, reason: null });
      const runs = await store.attempts(ids[0] ?? 0);
      expect(runs).toMatchObject([
        { number: 1, outcome: "finished", waited: 1_000, ended_at: expect.any(Number) },
        { number: 2, outcome: "finished", waited: 1_000, ran: 30 },
      ]);
    });

    test("are the last hundred, also where each of them finished the task", async () => {
      const id = await pushOne(store);
      for (let run = 1; run <= 103; run++) {
        await finish(await claimFirst(store));
        await store.retry(id);
      }
      const numbers = (await store.attempts(id)).map(({ number }) => number);
      expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([100, 4, 103]);
    });

    test("that a cancel by hand ended are kept as cancelled, and a task that did not run has none", async () => {
      const [one, many, ready] = [
        await pushOne(store),
        await pushOne(store),
        await pushOne(store, { queue: "other" }),
      ];
      for (let count = 0; count < 2; count++) await claimFirst(store, { queues: ["default"] });
      clock.advance(40);
      expect(await store.cancel(one, "not needed")).toMatchObject({ attempts: 1 });
      expect(await cancelAll(store, { states: ["running", "ready"] }, "not needed")).toBe(2);
      const ended = { number: 1, outcome: "cancelled", reason: "not needed", ran: 40, thread: 1 };
      expect(await store.attempts(one)).toMatchObject([ended]);
      expect(await store.attempts(many)).toMatchObject([ended]);
      expect(await store.attempts(ready)).toEqual([]);
      await store.retry(one);
      await claimFirst(store, { queues: ["default"] });
      expect(await store.attempts(one)).toMatchObject([ended, { number: 2, outcome: "running" }]);
    });

    test("name their worker and thread, and go with the task when it is cleaned", async () => {
      const id = await pushOne(store);
      await runFor({ kind: "failed", error: ERROR });
      expect(await store.attempts(id)).toMatchObject([{ worker: "worker-1", thread: 1 }]);
      clock.advance(10);
      const now = clock.now();
      await store.clean({ finishedBefore: now, failedBefore: now, limit: 10 });
      expect([await store.attempts(id), await store.errors(id)]).toEqual([[], []]);
    });
  });

  describe("what a run has said", () => {
    const line = (text: string) => `{"at":1,"level":"info","text":"${text}"}\n`;
    const keep = (task: number, attempt: number, text: string) =>
      store.write((session) => session.keepOutput(task, attempt, text));

    test("is kept for each run, and added to where the run goes on", async () => {
      const id = await pushOne(store);
      await keep(id, 1, line("a"));
      await keep(id, 1, line("b"));
      await keep(id, 2, line("c"));
      const runs = await store.output(id);
      expect(runs.map(({ attempt, lines }) => [attempt, lines.map(({ text }) => text)])).toEqual([
        [1, ["a", "b"]],
        [2, ["c"]],
      ]);
    });

    test("is kept of the last twenty runs", async () => {
      const id = await pushOne(store);
      for (let attempt = 1; attempt <= 25; attempt++) await keep(id, attempt, line("x"));
      const attempts = (await store.output(id)).map(({ attempt }) => attempt);
      expect([attempts.length, attempts[0]]).toEqual([20, 6]);
    });

    test("is cut to its newest part where a run of the same number goes on for ever", async () => {
      const id = await pushOne(store);
      for (let time = 0; time < 5; time++) await keep(id, 1, line(`${time} ${"x".repeat(99_000)}`));
      const [run] = await store.output(id);
      expect(run?.lines.map(({ text }) => text[0])).toEqual(["3", "4"]);
      expect(run?.cut).toEqual({ lines: 3, bytes: 3 * 99_003 });
    });

    test("is rolled back with the transaction that keeps it", async () => {
      const id = await pushOne(store);
      const failing = store.write(async (session) => {
        await session.keepOutput(id, 1, line("a"));
        throw new Error("no");
      });
      expect(await failing.catch(String)).toBe("Error: no");
      expect(await store.output(id)).toEqual([]);
    });
  });
}
