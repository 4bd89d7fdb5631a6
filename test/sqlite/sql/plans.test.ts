/** What is done for every task must cost the same with ten tasks or ten million: no scan and no sort of them. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MANY_QUEUES } from "../../../src/sqlite/sql/ready-order.ts";
import type { Store } from "../../../src/store/store.ts";
import type { TestClock } from "../../support/clock.ts";
import { planOf, statementsOf } from "../../support/plans.ts";
import {
  claim,
  dueOf,
  holds,
  makeStore,
  newTask,
  OWNER,
  readyOf,
  type TestStore,
  withSession,
} from "../../support/store.ts";

function idleClaim(store: Store, queues: readonly string[]): Promise<unknown> {
  return store.claim({ owner: { worker: "z", thread: 1 }, queues, limit: 3 });
}

const WORK: [
  name: string,
  index: string | null,
  work: (store: Store, clock: TestClock) => Promise<unknown>,
][] = [
  ["push", null, (store) => store.push([newTask(), newTask()])],
  [
    "a claim beside pauses",
    "tq__task_suspect",
    async (store) => {
      const pause = { by: "ana", reason: null, until: null };
      await store.pauses.pause({ kind: "task", name: "sale.*", ...pause });
      await store.pauses.pause({ kind: "queue", name: "q1", ...pause });
      const owner = { worker: "p", thread: 1 };
      for (let round = 0; round < 3; round++) await claim(store, { owner });
      await readyOf(store, [], 5);
      await store.hasWork([], false);
      await store.pauses.resumeAll();
      await claim(store, { owner });
    },
  ],
  [
    "a claim of a pattern",
    "tq__task_ready",
    async (store) => {
      const owner = { worker: "p", thread: 1 };
      await claim(store, { owner }); // a suspect
      await claim(store, { owner, queues: ["q*"] });
    },
  ],
  ["a claim of one queue", "tq__task_ready", (store) => claim(store, { queues: ["default"] })],
  [
    "a claim of several queues",
    "tq__task_ready",
    (store) => claim(store, { queues: ["default", "mail"] }),
  ],
  ["the claim of an idle thread", "tq__task_ready", (store) => idleClaim(store, [])],
  ["the same for some queues", "tq__task_ready", (store) => idleClaim(store, ["q1", "mail*"])],
  [
    "a claim of every queue",
    "tq__task_ready",
    async (store) => {
      const owner = { worker: "y", thread: 1 };
      await claim(store, { owner }); // a suspect
      await claim(store, { owner });
    },
  ],
  [
    "due tasks made ready",
    "tq__task_scheduled",
    async (store, clock) => {
      await store.push([newTask({ scheduledAt: clock.now() + 1 })]);
      clock.advance(1);
      await claim(store);
    },
  ],
  ["suspects", "tq__task_suspect", (store) => claim(store)],
  [
    "whether a suspect runs",
    "tq__task_running",
    (store) => claim(store, { owner: { worker: "x", thread: 1 } }),
  ],
  ["counting ready tasks", "tq__task_ready", (store) => readyOf(store, [], 3, "x")],
  ["the next due time", "tq__task_scheduled", (store) => dueOf(store)],
  [
    "clean",
    "tq__task_ended",
    (store) => store.clean({ finishedBefore: 1, failedBefore: 1, limit: 10 }),
  ],
  ["what a worker held", "tq__task_running", (store) => store.unregister("x")],
  [
    "what a thread held",
    "tq__task_running",
    (store) => store.rescueThread(OWNER, { running: null, reason: "", maxCrashes: 3 }),
  ],
  ["adapting", null, (store) => store.adapt()],
  ["one task", null, (store) => store.get(1)],
  ["a task by its ref", "tq__task_ref", (store) => store.getByRef("x")],
  ["how tasks stand", null, (store) => store.standings([1, 2, 3])],
  [
    "why a task does not run",
    "tq__task_ready",
    async (store) => {
      await store.register({ id: "why", pid: process.pid, threads: 1, queues: ["q*"] });
      await store.situation({ id: 290 }); // ready
      await store.situation({ id: 1 }); // a suspect
      await claim(store, { limit: 3 });
      await store.situation({ id: 290 });
      await store.unregister("why");
    },
  ],
  ["errors of a task", "tq__error_task", (store) => store.errors(1)],
  ["runs of a task", null, (store) => store.attempts(1)],
  [
    "tasks of a rare state, their ids and their count",
    "tq__task_ended",
    async (store) => {
      const filter = { states: ["failed", "cancelled"], endedAfter: 1 } as const;
      await store.list({ ...filter, user: 7, argsHave: "x" });
      await Array.fromAsync(store.matching(filter));
      await store.countBefore(filter, 1_000);
    },
  ],
  ["a task by its ref among others", "tq__task_ref", (store) => store.list({ ref: "x", user: 7 })],
  [
    "tasks whose ref begins with a text",
    "tq__task_ref",
    async (store) => {
      await store.list({ refStarts: "x" });
      await Array.fromAsync(store.matching({ refStarts: "x", states: ["ready"] }));
    },
  ],
  [
    "what has become of tasks",
    "tq__task_ended",
    async (store, clock) => {
      const ended = { endedFrom: 1, endedUntil: clock.now() };
      const query = { pushed: 7, ...ended, known: [1, 2], limit: 10 };
      await store.taskEvents.read(query);
      await store.taskEvents.count(query);
      await store.taskEvents.last(clock.now());
    },
  ],
  ["the newest tasks", null, (store) => store.list({ states: ["ready"], queue: "mail" })],
  ["times that are ahead", "tq__task_ready", (store) => store.repairTimes("all")],
  [
    "runs that finish with their commit",
    null,
    async (store) => {
      const tasks = await claim(store, { limit: 2 });
      await store.write(async (session) => {
        for (const task of tasks) session.finishAtCommit(task, null, null);
      });
    },
  ],
  [
    "settles",
    null,
    (store) =>
      withSession(store, async (session) => {
        const task = { id: 1, claim: 1 };
        const error = { name: "E", message: "m", stack: null };
        await session.settle(task, { kind: "finished", result: null, reason: null });
        await session.settle(task, { kind: "failed", error });
        await session.settle(task, { kind: "postponed", delay: 1, error });
        await session.settle(task, { kind: "interrupted", reason: "x" });
        await session.settle(task, { kind: "crashed", reason: "x", maxCrashes: 3 });
        await session.handBack([task]);
        await holds(session, task);
        await session.claimOne(1, OWNER);
      }),
  ],
];

for (const { queues, analyzed } of [
  { queues: 3, analyzed: false },
  { queues: 3, analyzed: true },
  { queues: 100, analyzed: false },
  { queues: 100, analyzed: true },
]) {
  describe(`with ${queues} queues${analyzed ? " after ANALYZE by a user" : ""}`, () => {
    let subject: TestStore;

    beforeAll(async () => {
      subject = makeStore();
      const { store, clock } = subject;
      await store.push(Array.from({ length: 300 }, (_, i) => newTask({ queue: `q${i % queues}` })));
      await store.push(
        Array.from({ length: 300 }, () => newTask({ scheduledAt: clock.now() + 1e9 })),
      );
      for (const task of await claim(store, { limit: 100 })) {
        await store.write((session) =>
          session.settle(task, { kind: "finished", result: null, reason: null }),
        );
      }
      // A suspect for the statements that look for one.
      const suspects = await claim(store, { owner: { worker: "dead", thread: 1 }, limit: 5 });
      for (const task of suspects)
        await store.write((session) =>
          session.settle(task, { kind: "crashed", reason: "x", maxCrashes: 9 }),
        );
      await store.adapt(); // makes the index of ready tasks in their order where the queues are many
      const db = new Database(subject.path);
      if (analyzed) db.run("ANALYZE");
      db.close();
    });
    afterAll(() => subject[Symbol.asyncDispose]());

    test.each(WORK)("%s takes no scan and no sort of the tasks", async (_, index, work) => {
      // On a new connection, as statistics are read when one opens.
      const store = subject.open();
      const statements = await statementsOf(() => work(store, subject.clock));
      expect(statements).not.toEqual([]);
      const plans = statements.map((sql) => planOf(subject.path, sql));
      for (const [at, plan] of plans.entries()) {
        const scans = plan.filter(
          (line) => /SCAN (tq__|task\b|tq_)/.test(line) && !isWalk(line, statements[at] ?? ""),
        );
        expect([statements[at], scans]).toEqual([statements[at], []]);
        const sorts = plan.some((line) => line.includes("TEMP B-TREE"));
        // Those of a claim over several queues, the few errors of one task, what runs, and the workers, are sorted.
        const merges = plan.some((line) =>
          /^SCAN name VIRTUAL TABLE|INDEX tq__error_task|INDEX tq__task_running$|^SCAN tq__worker$/.test(
            line,
          ),
        );
        expect([statements[at], sorts && !merges]).toEqual([statements[at], false]);
      }
      if (index === null) return;
      const indexes = queues > MANY_QUEUES ? [index, "tq__task_order"] : [index];
      const used = plans.flat().map((line) => / INDEX (\S+)/.exec(line)?.[1]);
      expect(indexes.some((name) => used.includes(name))).toBe(true);
    });
  });
}

/**
 * A look at the first entry of an index is called a scan too; LIMIT 1 or EXISTS ends it. What runs is never much: it is
 * what the threads hold.
 */
function isWalk(line: string, sql: string): boolean {
  if (line.endsWith("USING INDEX tq__task_running")) return true;
  if (line === "SCAN tq__worker" || line.startsWith("SCAN tq__pause")) return true; // there are few
  if (line === "SCAN tq_attempts") return sql.includes("WHERE task = "); // the runs of one task, found by their keys
  if (line.endsWith("INDEX tq__task_order")) return /LIMIT|EXISTS/.test(sql);
  return (
    /USING (COVERING )?INDEX tq__task_(ready|suspect|scheduled)$/.test(line) &&
    /LIMIT 1\b|EXISTS/.test(sql)
  );
}
