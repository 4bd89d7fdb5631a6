/** What every store must do, whatever database is behind it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { nextTurn } from "../../src/next-turn.ts";
import type { Store } from "../../src/store/store.ts";
import type { Claim, ClaimedTask, NewTask, TaskState } from "../../src/task.ts";
import type { TestClock } from "../support/clock.ts";
import { errorOf } from "../support/error.ts";
import {
  claim,
  claimFirst,
  dueOf,
  holds,
  isCrowdDue,
  newTask,
  OWNER,
  pushOne,
  readyOf,
  withSession,
} from "../support/store.ts";

/** A store under test. */
export interface Subject extends AsyncDisposable {
  readonly store: Store;
  readonly clock: TestClock;
  /** Another store on the same data, as another process has. */
  open(options?: { bootId?: string; durability?: "full" | "normal" }): Store;
  /** The process of this worker is killed: nothing is left of it but what the store keeps. */
  kill(worker: string): void;
  /** How many transactions have been committed to it. */
  commits(): number;
}

const ERROR = { name: "Error", message: "it broke", stack: "at line 7" };
const OTHER = { worker: "worker-2", thread: 1 };

export function storeSuite(name: string, make: () => Subject): void {
  describe(name, () => {
    let subject: Subject;
    let store: Store;
    let clock: TestClock;

    beforeEach(() => {
      subject = make();
      ({ store, clock } = subject);
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    async function stateOf(id: number): Promise<TaskState | undefined> {
      return (await store.get(id))?.state;
    }

    function finish(task: Claim, result: string | null = null): Promise<boolean> {
      return store.write((session) => session.settle(task, { kind: "finished", result }));
    }

    function fail(task: Claim, error = ERROR): Promise<boolean> {
      return store.write((session) => session.settle(task, { kind: "failed", error }));
    }

    async function claimIds(options: Parameters<typeof claim>[1] = {}): Promise<number[]> {
      return (await claim(store, { limit: 1000, ...options })).map(({ id }) => id);
    }

    function register(worker: string, threads = 2): Promise<void> {
      return store.register({ id: worker, pid: 1234, threads, queues: ["mail", "pdf*"] });
    }

    describe("a settle", () => {
      const settles: [string, (task: Claim) => Promise<boolean>][] = [
        ["finish", (task) => finish(task)],
        ["fail", (task) => fail(task)],
        [
          "retry",
          (task) =>
            store.write((session) =>
              session.settle(task, { kind: "retry", delay: 10, error: ERROR }),
            ),
        ],
        [
          "interrupt",
          (task) =>
            store.write((session) => session.settle(task, { kind: "interrupted", reason: "stop" })),
        ],
        [
          "crash",
          (task) =>
            store.write((session) =>
              session.settle(task, { kind: "crashed", reason: "killed", maxCrashes: 3 }),
            ),
        ],
      ];

      test.each(settles)(
        "of a task that has ended changes nothing: nobody ends it twice: %s",
        async (_, settle) => {
          const id = await pushOne(store);
          const task = await claimFirst(store);
          expect(await finish(task, '"first"')).toBe(true);
          const before = await store.get(id);
          expect(await settle(task)).toBe(false);
          expect(await store.get(id)).toEqual(before);
          expect(await store.errors(id)).toEqual([]);
        },
      );

      test.each(settles)(
        "of a task that another has claimed since changes nothing: %s",
        async (_, settle) => {
          const id = await pushOne(store);
          const first = await claimFirst(store);
          await store.write((session) => session.handBack([first]));
          const second = await claimFirst(store, { owner: OTHER });
          expect(second.claim).toBeGreaterThan(first.claim);
          expect(await settle(first)).toBe(false);
          expect(await store.get(id)).toMatchObject({
            state: "running",
            worker: "worker-2",
            attempts: 0,
          });
          expect(await finish(second)).toBe(true);
        },
      );

      test.each(settles)("of a task that was cancelled changes nothing: %s", async (_, settle) => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        await store.cancel(id);
        expect(await settle(task)).toBe(false);
        expect(await stateOf(id)).toBe("cancelled");
      });

      test.each(settles)(
        "of a task that was cancelled, retried and claimed again changes nothing: %s",
        async (_, settle) => {
          const id = await pushOne(store);
          const task = await claimFirst(store);
          await store.cancel(id);
          await store.retry(id);
          const again = await claimFirst(store);
          expect(await settle(task)).toBe(false);
          expect(await store.stillHeld([task, again])).toEqual([again]);
        },
      );

      test("of a task that does not exist is false", async () => {
        expect(await finish({ id: 99, claim: 1 })).toBe(false);
      });

      test("that finishes keeps the result, the times and the attempt", async () => {
        const id = await pushOne(store);
        clock.advance(5);
        const task = await claimFirst(store);
        clock.advance(7);
        await finish(task, '{"sum":42}');
        expect(await store.get(id)).toMatchObject({
          state: "finished",
          result: { sum: 42 },
          dequeued_at: clock.now() - 7,
          finished_at: clock.now(),
          attempts: 1,
          worker: null,
          reason: null,
        });
      });

      test("that fails records the error and says the reason", async () => {
        const id = await pushOne(store);
        await fail(await claimFirst(store));
        expect(await store.get(id)).toMatchObject({
          state: "failed",
          reason: "Error: it broke",
          finished_at: clock.now(),
          attempts: 1,
        });
        expect(await store.errors(id)).toMatchObject([
          { ...ERROR, task: id, attempt: 1, count: 1 },
        ]);
      });

      test("that retries schedules the same task, counts the attempt and keeps the error", async () => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        await store.write((session) =>
          session.settle(task, { kind: "retry", delay: 500, error: ERROR }),
        );
        expect(await store.get(id)).toMatchObject({
          state: "scheduled",
          scheduled_at: clock.now() + 500,
          attempts: 1,
          finished_at: null,
          dequeued_at: null,
          worker: null,
        });
        expect(await claimIds()).toEqual([]);
        clock.advance(500);
        expect((await claimFirst(store)).attempt).toBe(2);
      });

      test("that interrupts makes the task ready at once and says why", async () => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        await store.write((session) =>
          session.settle(task, { kind: "interrupted", reason: "the worker stops" }),
        );
        expect(await store.get(id)).toMatchObject({
          state: "ready",
          reason: "the worker stops",
          worker: null,
        });
        expect(await store.errors(id)).toEqual([]);
        expect(await claimIds()).toEqual([id]);
      });

      test("inside a transaction that rolls back is undone", async () => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        const rolledBack = store.write(async (session) => {
          expect(await session.settle(task, { kind: "finished", result: null })).toBe(true);
          throw new Error("no");
        });
        expect(rolledBack).rejects.toThrow("no");
        await rolledBack.catch(() => undefined);
        expect(await stateOf(id)).toBe("running");
        expect(await finish(task)).toBe(true);
      });
    });

    describe("push", () => {
      test("gives growing ids in the order of the tasks", async () => {
        const ids = await store.push([newTask({ method: "a" }), newTask({ method: "b" })]);
        const more = await store.push([newTask({ method: "c" })]);
        const methods = await Promise.all(
          [...ids, ...more].map(async (id) => (await store.get(id))?.method),
        );
        expect(methods).toEqual(["a", "b", "c"]);
        expect([...ids, ...more]).toEqual([...ids, ...more].sort((a, b) => a - b));
      });

      test("of nothing gives no ids", async () => {
        expect(await store.push([])).toEqual([]);
      });

      test("stores everything that was given", async () => {
        const id = await pushOne(store, {
          model: "party.party",
          method: "größer",
          instances: [3, 1, 3],
          args: '[{"a":"\\u0000é😀"}]',
          context: '{"language":"fr"}',
          user: 4,
          queue: "mail",
          priority: -2,
          expectedAt: clock.now() + 1000,
          ref: "invoice 7",
        });
        expect(await store.get(id)).toEqual({
          id,
          state: "ready",
          queue: "mail",
          priority: -2,
          model: "party.party",
          method: "größer",
          instances: [3, 1, 3],
          args: [{ a: "\0é😀" }],
          user: 4,
          context: { language: "fr" },
          ref: "invoice 7",
          enqueued_at: clock.now(),
          scheduled_at: null,
          expected_at: clock.now() + 1000,
          dequeued_at: null,
          finished_at: null,
          attempts: 0,
          crashes: 0,
          worker: null,
          result: null,
          reason: null,
        });
      });

      test("for later is scheduled; for now or before is ready", async () => {
        const at = (ms: number) => pushOne(store, { scheduledAt: clock.now() + ms });
        const states = [];
        for (const ms of [1, 0, -1000]) states.push(await stateOf(await at(ms)));
        expect(states).toEqual(["scheduled", "ready", "ready"]);
      });

      test("finds a task by its ref", async () => {
        const id = await pushOne(store, { ref: "a\0b 'ü'" });
        expect((await store.getByRef("a\0b 'ü'"))?.id).toBe(id);
        expect(await store.getByRef("a")).toBeNull();
      });

      test("with a ref that is taken is refused, and none of its list is stored", async () => {
        await pushOne(store, { ref: "r1" });
        const list = [newTask({ ref: "r2" }), newTask({ ref: "r1" })];
        expect(store.push(list)).rejects.toMatchObject({
          code: "conflict",
          message: 'Cannot push with ref "r1": another task has it',
        });
        await store.push(list).catch(() => undefined);
        await store.write(async (session) => {
          await session.push(list).catch(() => undefined);
          await session.push([newTask({ ref: "r3" })]);
        });
        expect((await store.list()).map(({ ref }) => ref)).toEqual(["r3", "r1"]);
      });

      test("never uses an id twice, also after a clean", async () => {
        const id = await pushOne(store);
        await finish(await claimFirst(store));
        const after = { finishedBefore: clock.now() + 1, failedBefore: 0, limit: 10 };
        expect(await store.clean(after)).toBe(1);
        expect(await pushOne(store)).toBeGreaterThan(id);
      });
    });

    describe("pushes that arrive together", () => {
      /** How many commits these pushes take. */
      async function commitsOf(push: () => Promise<readonly unknown[]>): Promise<number> {
        const before = subject.commits();
        await push();
        return subject.commits() - before;
      }

      function together(count: number): Promise<number[]> {
        return Promise.all(Array.from({ length: count }, (_, user) => pushOne(store, { user })));
      }

      test("share one commit", async () => {
        let ids: number[] = [];
        expect(await commitsOf(async () => (ids = await together(50)))).toBe(1);
        const users = await Promise.all(ids.map(async (id) => (await store.get(id))?.user));
        expect(users).toEqual(Array.from({ length: 50 }, (_, user) => user));
      });

      test("share one commit also after many that came alone", async () => {
        for (let alone = 1; alone <= 20; alone++) {
          expect(await commitsOf(async () => [await pushOne(store)])).toBe(1);
          if (alone > 15) expect(await commitsOf(() => together(10))).toBe(1);
        }
      });

      test("share a few commits when they come by different ways", async () => {
        for (let alone = 0; alone < 20; alone++) await pushOne(store);
        const callers = Array.from({ length: 100 }, async () => {
          await nextTurn();
          return pushOne(store);
        });
        expect(await commitsOf(() => Promise.all(callers))).toBeLessThanOrEqual(10);
      });

      test("fail alone: the others are stored", async () => {
        await pushOne(store, { ref: "taken" });
        const results = await Promise.allSettled([
          pushOne(store, { user: 1 }),
          pushOne(store, { user: 2, ref: "taken" }),
          pushOne(store, { user: 3, ref: "free" }),
          pushOne(store, { user: 4, ref: "free" }),
          pushOne(store, { user: 5 }),
        ]);
        expect(results.map(({ status }) => status === "fulfilled")).toEqual([
          true,
          false,
          true,
          false,
          true,
        ]);
        expect((await store.list()).map(({ user }) => user)).toEqual([5, 3, 1, 0]);
      });

      test("are all answered, also those that arrive while a group commits", async () => {
        const first = pushOne(store);
        await first;
        const late = Array.from({ length: 20 }, async (_, index) => {
          for (let turn = 0; turn < index; turn++) await nextTurn();
          return pushOne(store);
        });
        expect(new Set(await Promise.all(late)).size).toBe(20);
      });
    });

    describe("claim", () => {
      test("takes higher priorities first, then the earliest deadline, then the lowest id", async () => {
        const now = clock.now();
        const pushes: Partial<NewTask>[] = [
          {}, // due now
          { expectedAt: now + 500 },
          { expectedAt: now - 500 },
          { scheduledAt: now - 100 },
          { priority: 1, expectedAt: now + 9000 },
          { priority: -1, expectedAt: now - 9000 },
          {},
        ];
        const [plain, late, early, scheduled, urgent, low, second] = await store.push(
          pushes.map(newTask),
        );
        const order = [urgent, early, scheduled, plain, second, late, low] as number[];
        const taken = [];
        for (let i = 0; i < 3; i++) taken.push((await claimFirst(store)).id);
        expect([...taken, ...(await claimIds())]).toEqual(order);
      });

      test("hands out the task, its claim and its attempt", async () => {
        const id = await pushOne(store, { instances: [1, 2], args: "[3]", user: 4, queue: "mail" });
        expect(await claimFirst(store)).toEqual({
          id,
          claim: 1,
          model: "sale",
          method: "process",
          instances: "[1,2]",
          args: "[3]",
          context: "{}",
          user: 4,
          queue: "mail",
          priority: 0,
          deadline: clock.now(),
          attempt: 1,
          suspect: false,
          postponed: 0,
          again: false,
        });
        expect(await store.get(id)).toMatchObject({
          state: "running",
          worker: "worker-1",
          dequeued_at: clock.now(),
        });
      });

      test("takes no more than its limit, and none twice", async () => {
        const ids = await store.push(Array.from({ length: 10 }, () => newTask()));
        const taken = [
          await claimIds({ limit: 4 }),
          await claimIds({ limit: 4 }),
          await claimIds({ limit: 4 }),
        ];
        expect(taken.map((list) => list.length)).toEqual([4, 4, 2]);
        expect(taken.flat()).toEqual(ids);
        expect(await claimIds()).toEqual([]);
      });

      test("takes only from the queues that match", async () => {
        const queues = ["mail", "pdf", "pdf-big", "Mail", "m.il", "größe"];
        const pushed = await store.push(queues.map((queue) => newTask({ queue })));
        const names = new Map(pushed.map((id, index) => [id, queues[index]]));
        const taken = async (...patterns: string[]) => {
          const tasks = await claim(store, { queues: patterns, limit: 100 });
          await store.write((session) => session.handBack(tasks));
          return tasks.map(({ id }) => names.get(id));
        };
        expect(await taken("mail")).toEqual(["mail"]);
        expect(await taken("pdf*")).toEqual(["pdf", "pdf-big"]);
        expect(await taken("m?il")).toEqual(["mail", "m.il"]);
        expect(await taken("gr??e")).toEqual(["größe"]);
        expect(await taken("*")).toEqual(queues);
        expect(await taken("m.il", "mail", "mail")).toEqual(["mail", "m.il"]);
        expect(await taken("nothing", "not*")).toEqual([]);
        expect(await taken()).toEqual(queues);
      });

      test("orders over all its queues", async () => {
        const [a, b, c, d] = await store.push([
          newTask({ queue: "a" }),
          newTask({ queue: "b", priority: 5 }),
          newTask({ queue: "c", expectedAt: clock.now() - 1 }),
          newTask({ queue: "a", priority: 5 }),
        ]);
        expect(await claimIds({ limit: 3, queues: ["a", "b", "c"] })).toEqual([
          b,
          d,
          c,
        ] as number[]);
        expect(await claimIds()).toEqual([a] as number[]);
      });

      test("reaches the last of a thousand queues", async () => {
        await store.push(
          Array.from({ length: 1000 }, (_, queue) => newTask({ queue: `q${queue}` })),
        );
        const urgent = await pushOne(store, { queue: "zz", priority: 1 });
        expect((await claimFirst(store)).id).toBe(urgent);
        expect(await claimIds({ limit: 2000 })).toHaveLength(1000);
      });

      test("makes due tasks ready first, and leaves those of later", async () => {
        const soon = await pushOne(store, { scheduledAt: clock.now() + 10 });
        const later = await pushOne(store, { scheduledAt: clock.now() + 20 });
        expect(await claimIds()).toEqual([]);
        clock.advance(10);
        expect(await claimIds()).toEqual([soon]);
        expect(await stateOf(later)).toBe("scheduled");
      });

      test("makes at most 500 due tasks ready a round, those that waited longest", async () => {
        const at = clock.now() + 1000;
        await store.push(
          Array.from({ length: 1200 }, (_, i) => newTask({ scheduledAt: at - (i % 600), user: i })),
        );
        clock.advance(1000);
        await claimFirst(store);
        const [info] = (await store.status()).queues;
        expect(info).toMatchObject({ scheduled: 700, ready: 499, running: 1 });
        await claimFirst(store);
        expect((await store.status()).queues[0]).toMatchObject({ scheduled: 200, ready: 998 });
        const left = await store.list({ states: ["scheduled"], limit: 1000 });
        expect(Math.min(...left.map((task) => task.scheduled_at ?? 0))).toBeGreaterThanOrEqual(
          at - 99,
        );
      });

      test("starves nothing within one priority: an old task runs before a stream of new ones", async () => {
        const patient = await pushOne(store, { expectedAt: clock.now() + 50 });
        const scheduled = await pushOne(store, { scheduledAt: clock.now() + 40 });
        const order: number[] = [];
        for (let round = 0; round < 40; round++) {
          clock.advance(5);
          await store.push([newTask(), newTask()]);
          const task = await claimFirst(store);
          order.push(task.id);
          await finish(task);
        }
        expect(order).toContain(patient);
        expect(order).toContain(scheduled);
        expect(order.indexOf(scheduled)).toBeLessThan(order.indexOf(patient));
      });

      test("of one task takes it whatever its time, once", async () => {
        const id = await pushOne(store, { scheduledAt: clock.now() + 9999 });
        const one = await store.write((session) => session.claimOne(id, OWNER));
        expect(one).toMatchObject({ id, attempt: 1 });
        expect(await store.write((session) => session.claimOne(id, OTHER))).toBeNull();
        await finish(one as ClaimedTask);
        expect(await store.write((session) => session.claimOne(id, OTHER))).toBeNull();
        expect(await store.write((session) => session.claimOne(77, OTHER))).toBeNull();
      });
    });

    describe("the claim of an idle thread", () => {
      const idle = (queues: readonly string[] = [], worker = "worker-1") =>
        store.claim({ owner: { worker, thread: 1 }, queues, limit: 10 });

      test("takes what is ready in its queues, and what is due, in their order", async () => {
        const later = await pushOne(store, { scheduledAt: clock.now() + 10 });
        const mail = await pushOne(store, { queue: "mail", priority: 1 });
        const plain = await pushOne(store, { queue: "a" });
        expect((await idle(["mail", "b*"])).map(({ id }) => id)).toEqual([mail]);
        expect((await idle()).map(({ id }) => id)).toEqual([plain]);
        clock.advance(10);
        expect((await idle()).map(({ id }) => id)).toEqual([later]);
        expect(await store.get(later)).toMatchObject({ state: "running", worker: "worker-1" });
      });

      test("takes no lock where there is nothing for it", async () => {
        await store.push([newTask(), newTask()]);
        for (const task of await claim(store, { limit: 2 })) {
          await store.write((session) =>
            session.settle(task, { kind: "crashed", reason: "it died", maxCrashes: 9 }),
          );
        }
        expect(await idle()).toHaveLength(1); // one suspect at a time
        await pushOne(store, { scheduledAt: clock.now() + 10 });
        const other = subject.open();
        await store.write(async () => {
          const of = (queues: string[]) =>
            other.claim({ owner: { worker: "worker-1", thread: 2 }, queues, limit: 1 });
          expect(await Promise.all([of([]), of(["mail"]), of(["m*"])])).toEqual([[], [], []]);
        });
      });
    });

    describe("a claim handed back", () => {
      test("is as if it had never been made", async () => {
        const [first = 0, second = 0] = await store.push([newTask(), newTask()]);
        const before = await store.get(first);
        const task = await claimFirst(store);
        clock.advance(10);
        await store.write((session) => session.handBack([task]));
        expect(await store.get(first)).toEqual(before);
        expect(await claimIds()).toEqual([first, second]);
      });

      test("is scheduled again when its time has not come", async () => {
        const id = await pushOne(store, { scheduledAt: clock.now() + 100 });
        const task = (await store.write((session) => session.claimOne(id, OWNER))) as ClaimedTask;
        await store.write((session) => session.handBack([task]));
        expect(await stateOf(id)).toBe("scheduled");
      });

      test("no longer holds", async () => {
        await pushOne(store);
        const task = await claimFirst(store);
        expect(await store.stillHeld([task])).toEqual([task]);
        expect(await withSession(store, (session) => holds(session, task))).toBe(true);
        await store.write((session) => session.handBack([task]));
        expect(await store.stillHeld([task])).toEqual([]);
        expect(await withSession(store, (session) => holds(session, task))).toBe(false);
      });

      test("changes nothing when it was lost", async () => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        await finish(task);
        await store.write((session) => session.handBack([task]));
        expect(await stateOf(id)).toBe("finished");
      });
    });

    describe("errors", () => {
      async function failAgain(id: number, error = ERROR): Promise<void> {
        await fail(await claimFirst(store), error);
        clock.advance(1000);
        await store.retry(id);
      }

      test("of the same message are kept once, with a count", async () => {
        const id = await pushOne(store);
        const start = clock.now();
        for (let i = 0; i < 3; i++) await failAgain(id);
        await failAgain(id, { ...ERROR, message: "another" });
        expect(await store.errors(id)).toMatchObject([
          { message: "it broke", count: 3, attempt: 3, first_at: start, last_at: start + 2000 },
          { message: "another", count: 1, attempt: 4 },
        ]);
      });

      test("of another name are another error", async () => {
        const id = await pushOne(store);
        await failAgain(id);
        await failAgain(id, { ...ERROR, name: "UserError" });
        expect(await store.errors(id)).toHaveLength(2);
      });

      test("that are huge are cut, and still counted", async () => {
        const id = await pushOne(store);
        const huge = { name: "E", message: "é".repeat(1_000_000), stack: "s".repeat(1_000_000) };
        for (let i = 0; i < 2; i++) await failAgain(id, huge);
        const [error, ...rest] = await store.errors(id);
        expect(rest).toEqual([]);
        expect(error?.count).toBe(2);
        expect((error?.message.length ?? 0) + (error?.stack?.length ?? 0)).toBeLessThan(50_000);
        expect(((await store.get(id))?.reason ?? "").length).toBeLessThan(50_000);
      });

      test("of a task without any are none", async () => {
        expect(await store.errors(await pushOne(store))).toEqual([]);
        expect(await store.errors(99)).toEqual([]);
      });
    });

    describe("a crash", () => {
      test("puts the task back, and sets it aside at the limit", async () => {
        const id = await pushOne(store);
        const seen: unknown[] = [];
        for (let i = 0; i < 3; i++) {
          const task = await claimFirst(store);
          await store.write((session) =>
            session.settle(task, { kind: "crashed", reason: "exit 7", maxCrashes: 3 }),
          );
          const { state, crashes, attempts, reason } = (await store.get(id)) ?? {};
          seen.push([state, crashes, attempts, reason]);
        }
        expect(seen).toEqual([
          ["ready", 1, 1, "exit 7"],
          ["ready", 2, 2, "exit 7"],
          ["failed", 3, 3, "Set aside after 3 crashes: exit 7"],
        ]);
        expect(await store.errors(id)).toMatchObject([
          { name: "Crash", message: "exit 7", count: 3, attempt: 3 },
        ]);
        expect(await claimIds()).toEqual([]);
      });

      test("at a limit of one is said as one", async () => {
        await pushOne(store);
        const task = await claimFirst(store);
        await store.write((session) =>
          session.settle(task, { kind: "crashed", reason: "exit 7", maxCrashes: 1 }),
        );
        expect((await store.get(task.id))?.reason).toBe("Set aside after 1 crash: exit 7");
      });

      test("makes its task a suspect, which a run that ends well clears", async () => {
        const id = await pushOne(store);
        await store.write(async (session) =>
          session.settle(
            (await session.claim({ owner: OWNER, queues: [], limit: 1 }))[0] as ClaimedTask,
            { kind: "crashed", reason: "x", maxCrashes: 3 },
          ),
        );
        const again = await claimFirst(store);
        expect(again.suspect).toBe(true);
        await finish(again);
        await store.retry(id);
        expect((await claimFirst(store)).suspect).toBe(false);
      });

      test("is forgotten by a retry by hand", async () => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        await store.write((session) =>
          session.settle(task, { kind: "crashed", reason: "x", maxCrashes: 1 }),
        );
        expect(await store.retry(id)).toMatchObject({
          state: "ready",
          crashes: 0,
          attempts: 1,
          reason: null,
        });
      });
    });

    describe("the death of a worker", () => {
      /** Claims as this worker, which then dies. */
      async function claimAndDie(worker: string, limit: number): Promise<ClaimedTask[]> {
        await register(worker);
        const tasks = await claim(store, { owner: { worker, thread: 1 }, limit });
        subject.kill(worker);
        return tasks;
      }

      test("is not seen while it lives", async () => {
        await register("worker-1");
        await pushOne(store);
        await claimFirst(store);
        expect(await store.rescueDead(3)).toEqual([]);
        expect(await subject.open().rescueDead(3)).toEqual([]);
        expect(await store.workers()).toMatchObject([
          {
            id: "worker-1",
            pid: 1234,
            threads: 2,
            queues: ["mail", "pdf*"],
            running: 1,
            started_at: clock.now(),
          },
        ]);
        await store.unregister("worker-1");
      });

      test("is seen by who only looks, and changes nothing by that", async () => {
        await register("worker-1");
        const alive = async (on: Store) =>
          (await on.status()).workers.map((worker) => worker.alive);
        const other = subject.open();
        expect([await alive(store), await alive(other)]).toEqual([[true], [true]]);
        subject.kill("worker-1");
        for (const on of [store, other, other]) expect(await alive(on)).toEqual([false]);
        expect(await other.isAlive("worker-1")).toBe(false);
        expect(await store.rescueDead(3)).toMatchObject([
          { worker: { id: "worker-1", pid: 1234 } },
        ]);
      });

      test("is seen in its tasks, where its own row is gone", async () => {
        const id = await pushOne(store);
        await claim(store, { owner: { worker: "forgotten", thread: 1 } });
        expect(await store.rescueDead(3)).toMatchObject([
          { worker: { id: "forgotten", pid: null }, tasks: [{ id, state: "ready" }] },
        ]);
        expect(await store.rescueDead(3)).toEqual([]);
        expect(await stateOf(id)).toBe("ready");
      });

      test("puts its tasks back as suspects, without counting a crash", async () => {
        const ids = await store.push([newTask(), newTask(), newTask()]);
        await claimAndDie("dead", 2);
        const rescues = await store.rescueDead(3);
        expect(rescues).toMatchObject([
          { worker: { id: "dead" }, tasks: [{ state: "ready", crashed: false, crashes: 0 }, {}] },
        ]);
        expect(await Promise.all(ids.map(stateOf))).toEqual(["ready", "ready", "ready"]);
        expect(await store.get(ids[0] ?? 0)).toMatchObject({
          attempts: 0,
          crashes: 0,
          reason: "its worker process died",
        });
        expect(await store.workers()).toEqual([]);
        expect(await store.rescueDead(3)).toEqual([]);
      });

      test("is told to one of those who look at once", async () => {
        await pushOne(store);
        await claimAndDie("dead", 1);
        const all = await Promise.all([
          store.rescueDead(3),
          subject.open().rescueDead(3),
          store.rescueDead(3),
        ]);
        expect(all.flat()).toHaveLength(1);
      });

      test("lets a worker claim its suspects one at a time, before all others", async () => {
        const ids = await store.push([newTask(), newTask()]);
        const urgent = await pushOne(store, { priority: 9, queue: "other" });
        await claim(store, { owner: { worker: "x", thread: 1 }, queues: ["other"] });
        await register("x");
        await claimAndDie("dead", 2);
        await store.rescueDead(3);
        const more = await pushOne(store, { priority: 5 });
        const suspects = await claim(store, { limit: 10 });
        expect(suspects).toMatchObject([{ id: ids[0] as number, suspect: true }]);
        expect(await claimIds({ limit: 10 })).toEqual([more]);
        expect(await claim(store, { limit: 10, owner: OTHER })).toMatchObject([
          { id: ids[1] as number, suspect: true },
        ]);
        expect(await store.stillHeld([{ id: urgent, claim: 1 }])).toHaveLength(1);
        await store.unregister("x");
      });

      test("counts a crash only for a suspect that had begun", async () => {
        const id = await pushOne(store);
        const seen: unknown[] = [];
        for (let i = 0; i < 4; i++) {
          await claimAndDie(`dead-${i}`, 1);
          const [rescue] = await store.rescueDead(3);
          const [task] = rescue?.tasks ?? [];
          seen.push([task?.state, task?.crashed, task?.crashes]);
        }
        expect(seen).toEqual([
          ["ready", false, 0],
          ["ready", true, 1],
          ["ready", true, 2],
          ["failed", true, 3],
        ]);
        expect((await store.get(id))?.reason).toBe(
          "Set aside after 3 crashes: its worker process died",
        );
      });

      test("never counts when the machine was started again since", async () => {
        const id = await pushOne(store);
        let boots = 0;
        for (let i = 0; i < 5; i++) {
          await claimAndDie(`dead-${i}`, 1);
          const [rescue] = await subject.open({ bootId: `boot-${++boots}` }).rescueDead(1);
          expect(rescue?.tasks).toMatchObject([{ state: "ready", crashed: false, crashes: 0 }]);
        }
        // Nor for a suspect that had begun.
        await claimAndDie("same-boot", 1);
        await store.rescueDead(3);
        const [suspect] = await claimAndDie("other-boot", 1);
        expect(suspect?.suspect).toBe(true);
        await subject.open({ bootId: "next" }).rescueDead(1);
        expect(await store.get(id)).toMatchObject({ state: "ready", crashes: 0 });
      });

      test("leaves suspects of queues that nobody serves out of the way of others", async () => {
        await store.push(Array.from({ length: 600 }, () => newTask({ queue: "pdf", priority: 1 })));
        const mail = await pushOne(store, { queue: "mail" });
        await claimAndDie("dead", 601);
        await store.rescueDead(3);
        expect(await claimIds({ queues: ["mail"] })).toEqual([mail]);
      });

      test("does not wake a worker for a suspect that it cannot claim now", async () => {
        await store.push([newTask(), newTask()]);
        await claimAndDie("dead", 2);
        await store.rescueDead(3);
        expect(await readyOf(store, [], 5, "worker-1")).toBe(1);
        await claimFirst(store);
        expect(await readyOf(store, [], 5, "worker-1")).toBe(0);
        expect(await readyOf(store, [], 5, "worker-2")).toBe(1);
        expect(await readyOf(store, ["other"], 5)).toBe(0);
      });

      test("a late settle of its thread changes nothing", async () => {
        await pushOne(store);
        const [task] = await claimAndDie("dead", 1);
        await store.rescueDead(3);
        expect(await finish(task as ClaimedTask)).toBe(false);
      });
    });

    describe("a worker that leaves", () => {
      test("gives back what it held, unbegun", async () => {
        await register("worker-1");
        const id = await pushOne(store);
        await claimFirst(store);
        await store.unregister("worker-1");
        expect(await store.get(id)).toMatchObject({
          state: "ready",
          attempts: 0,
          crashes: 0,
          reason: null,
        });
        expect(await store.workers()).toEqual([]);
        expect((await claimFirst(store)).suspect).toBe(false);
      });
    });

    describe("the death of a thread", () => {
      async function twoHeld(): Promise<ClaimedTask[]> {
        await store.push([newTask(), newTask(), newTask()]);
        const tasks = await claim(store, { limit: 2 });
        await claim(store, { owner: { worker: "worker-1", thread: 2 } });
        return tasks;
      }

      test("counts a crash for the task that ran, and gives the rest back", async () => {
        const [ran, waited] = (await twoHeld()) as [ClaimedTask, ClaimedTask];
        const tasks = await store.rescueThread(OWNER, {
          running: ran,
          reason: "exit 7",
          maxCrashes: 3,
        });
        expect(tasks).toMatchObject([
          { id: ran.id, state: "ready", crashed: true, crashes: 1, attempt: 1 },
          { id: waited.id, state: "ready", crashed: false },
        ]);
        expect(await store.get(waited.id)).toMatchObject({ attempts: 0, reason: null });
        expect((await store.status()).queues).toMatchObject([{ ready: 2, running: 1 }]);
      });

      test("sets the task aside at its last crash", async () => {
        const [ran] = (await twoHeld()) as [ClaimedTask];
        const [task] = await store.rescueThread(OWNER, {
          running: ran,
          reason: "exit 7",
          maxCrashes: 1,
        });
        expect(task).toMatchObject({ state: "failed", crashes: 1 });
      });

      test("on purpose counts for nobody", async () => {
        const [ran] = (await twoHeld()) as [ClaimedTask];
        await store.rescueThread(OWNER, { running: ran, reason: "stopped", maxCrashes: null });
        expect(await store.get(ran.id)).toMatchObject({
          state: "ready",
          crashes: 0,
          reason: "stopped",
        });
      });

      test("with a claim that is not the one it holds counts for nobody", async () => {
        const [ran] = (await twoHeld()) as [ClaimedTask];
        const old = { id: ran.id, claim: ran.claim - 1 };
        await store.rescueThread(OWNER, { running: old, reason: "exit", maxCrashes: 1 });
        expect(await store.get(ran.id)).toMatchObject({ state: "ready", crashes: 0 });
      });

      test("without claims puts nothing back", async () => {
        expect(
          await store.rescueThread(OWNER, { running: null, reason: "", maxCrashes: 3 }),
        ).toEqual([]);
      });
    });

    describe("cancel", () => {
      test("ends tasks that are ready, scheduled or running", async () => {
        const ready = await pushOne(store, { queue: "other" });
        const scheduled = await pushOne(store, { scheduledAt: clock.now() + 100 });
        const running = await pushOne(store);
        await claimFirst(store, { queues: ["default"] });
        for (const id of [ready, scheduled, running]) {
          expect(await store.cancel(id, "not needed")).toMatchObject({
            id,
            state: "cancelled",
            reason: "not needed",
            finished_at: clock.now(),
            worker: null,
          });
        }
        clock.advance(1000);
        expect(await claimIds()).toEqual([]);
      });

      test("refuses what has ended or does not exist", async () => {
        const id = await pushOne(store);
        await finish(await claimFirst(store));
        expect(store.cancel(id)).rejects.toMatchObject({
          code: "conflict",
          message: `Cannot cancel task ${id}: it is finished already`,
        });
        expect(store.cancel(99)).rejects.toMatchObject({
          code: "not_found",
          message: "Cannot cancel task 99: there is no such task; it may have been cleaned",
        });
      });
    });

    describe("a retry by hand", () => {
      test("runs an ended task again with its history kept", async () => {
        const id = await pushOne(store, {
          scheduledAt: clock.now() + 10,
          expectedAt: clock.now() + 20,
        });
        clock.advance(10);
        await fail(await claimFirst(store));
        expect(await store.retry(id)).toMatchObject({
          id,
          state: "ready",
          finished_at: null,
          dequeued_at: null,
          scheduled_at: null,
          reason: null,
          attempts: 1,
        });
        expect(await store.errors(id)).toHaveLength(1);
        expect((await claimFirst(store)).attempt).toBe(2);
      });

      test("of what was for later runs it now, before what was pushed since", async () => {
        const id = await pushOne(store, { scheduledAt: clock.now() + 99_999 });
        await store.cancel(id);
        clock.advance(10);
        await pushOne(store);
        await store.retry(id);
        expect((await claimFirst(store)).id).toBe(id);
      });

      test("refuses what has not ended or does not exist", async () => {
        const id = await pushOne(store);
        expect(store.retry(id)).rejects.toMatchObject({
          code: "conflict",
          message: `Cannot retry task ${id}: it is ready; a worker runs it`,
        });
        await claimFirst(store);
        expect(store.retry(id)).rejects.toMatchObject({
          message: `Cannot retry task ${id}: it is running; cancel it first`,
        });
        expect(store.retry(99)).rejects.toMatchObject({ code: "not_found" });
      });
    });

    describe("a crowd that is due at once", () => {
      test("is made ready in slices, until one claim does the rest", async () => {
        const due = clock.now() + 10;
        await store.push(Array.from({ length: 1_200 }, () => newTask({ scheduledAt: due })));
        const urgent = await pushOne(store, { scheduledAt: due + 1, priority: 1 });
        expect(await isCrowdDue(store)).toBe(false);
        clock.advance(11);
        const states: unknown[] = [];
        while (await isCrowdDue(store)) {
          await store.makeDueReady();
          states.push([await readyOf(store, [], 2_000), await stateOf(urgent)]);
        }
        expect(states).toEqual([
          [500, "scheduled"],
          [1_000, "scheduled"],
        ]);
        expect((await claimFirst(store)).id).toBe(urgent);
      });

      test.each([
        [500, false],
        [501, true],
      ])("of %d is %p: the claim alone makes five hundred ready", async (count, isCrowd) => {
        const due = clock.now() + 10;
        await store.push(Array.from({ length: count }, () => newTask({ scheduledAt: due })));
        clock.advance(10);
        expect(await isCrowdDue(store)).toBe(isCrowd);
        await claim(store, { limit: 1 });
        expect(await dueOf(store)).toBe(isCrowd ? due : null);
      });
    });

    describe("a claim of large calls", () => {
      const args = JSON.stringify(["x".repeat(400_000)]);

      test.each<[string, readonly string[]]>([
        ["one queue", ["default"]],
        ["every queue", []],
        ["several", ["default", "mail"]],
      ])("takes a few at a time, in their order: %s", async (_queues, queues) => {
        const first = await pushOne(store, { priority: 1, queue: queues[1] ?? "default" });
        const large = await store.push(Array.from({ length: 4 }, () => newTask({ args })));
        const last = await pushOne(store);
        const ids = async () => (await claim(store, { queues, limit: 100 })).map(({ id }) => id);
        expect(await ids()).toEqual([first, ...large.slice(0, 3)]);
        expect(await ids()).toEqual([...large.slice(3), last]);
        expect(await ids()).toEqual([]);
      });

      test("takes one that is larger than that", async () => {
        const huge = JSON.stringify(["x".repeat(3_000_000)]);
        const id = await pushOne(store, { args: huge });
        await pushOne(store);
        const tasks = await claim(store, { limit: 10 });
        expect(tasks.map((task) => [task.id, task.args.length])).toEqual([[id, huge.length]]);
      });
    });

    describe("many tasks by hand", () => {
      test("are retried by state, queue and model, however many: nothing else is touched", async () => {
        const printed = await store.push(
          Array.from({ length: 1_203 }, () => newTask({ queue: "print", model: "label" })),
        );
        await store.cancelAll({ states: ["ready"], queue: "print" }, "no paper");
        const others = await store.push([
          newTask({ queue: "print", model: "invoice" }),
          newTask({ queue: "mail", model: "label" }),
          newTask({ queue: "print", model: "label" }),
        ]);
        const [invoice = 0, mail = 0, ready = 0] = others;
        for (const id of [invoice, mail]) await store.cancel(id);
        const filter = { states: ["cancelled", "failed"], queue: "print", model: "label" } as const;
        expect(await store.retryAll(filter)).toBe(printed.length);
        expect(await store.retryAll(filter)).toBe(0);
        const left = await store.list({ states: ["cancelled"] });
        expect(left.map(({ id }) => id)).toEqual([mail, invoice]);
        const claimed = await claim(store, { queues: ["print"], limit: 2_000 });
        expect(claimed.map(({ id }) => id)).toEqual([...printed, ready]);
      });

      test("are cancelled, those that run with them: their runs commit nothing", async () => {
        const ids = await store.push([newTask(), newTask(), newTask({ model: "other" })]);
        const running = await claimFirst(store);
        expect(
          await store.cancelAll({ states: ["running", "ready"], model: newTask().model }, "enough"),
        ).toBe(2);
        expect(await finish(running)).toBe(false);
        expect(await Promise.all(ids.map(stateOf))).toEqual(["cancelled", "cancelled", "ready"]);
        expect(await store.get(running.id)).toMatchObject({
          reason: "enough",
          finished_at: clock.now(),
          worker: null,
        });
      });

      test("are said to be done as far as they were, where the database refuses the rest", async () => {
        await store.push(Array.from({ length: 1_200 }, () => newTask()));
        const all = { states: ["ready"] } as const;
        const other = subject.open();
        const moving = errorOf(store.cancelAll(all));
        while ((await readyOf(other, [], 2_000)) === 1_200) {
          await nextTurn();
        }
        await store.close();
        const error = await moving;
        expect(error).toMatchObject({ code: "conflict" });
        const done = 1_200 - (await readyOf(other, [], 2_000));
        expect(String(error)).toContain(`Only the first ${done} that match were done: Cannot use`);
      });

      test("are let be where the move makes no sense", async () => {
        await store.push([newTask(), newTask()]);
        await claimFirst(store);
        expect(await store.retryAll({ states: ["ready", "running"] })).toBe(0);
        await store.cancelAll({ states: ["ready"] });
        expect(await store.cancelAll({ states: ["cancelled"] })).toBe(0);
      });
    });

    describe("clean", () => {
      test("leaves what has ended before its push: the clock was behind when it ran", async () => {
        const day = 86_400_000;
        const id = await pushOne(store);
        clock.advance(-1_000 * day);
        await store.cancel(id);
        clock.advance(1_000 * day);
        const limits = { finishedBefore: clock.now() - day, failedBefore: clock.now() - day };
        expect(await store.clean({ ...limits, limit: 10 })).toBe(0);
        clock.advance(2 * day);
        const later = { finishedBefore: clock.now() - day, failedBefore: clock.now() - day };
        expect(await store.clean({ ...later, limit: 10 })).toBe(1);
      });

      test("deletes what ended long ago with its errors, and nothing that has not ended", async () => {
        const day = 86_400_000;
        const [finished = 0, failed = 0, cancelled = 0, ready = 0] = await store.push(
          Array.from({ length: 4 }, () => newTask()),
        );
        await finish(await claimFirst(store));
        await fail(await claimFirst(store));
        await store.cancel(cancelled);
        clock.advance(31 * day);
        const now = clock.now();
        const options = {
          finishedBefore: now - 30 * day,
          failedBefore: now - 90 * day,
          limit: 100,
        };
        expect(await store.clean(options)).toBe(2);
        expect((await store.list()).map(({ id }) => id)).toEqual([ready, failed]);
        expect(await store.errors(failed)).toHaveLength(1);
        clock.advance(60 * day);
        expect(await store.clean({ ...options, failedBefore: clock.now() - 90 * day })).toBe(1);
        expect(await store.errors(failed)).toEqual([]);
        expect(await store.get(finished)).toBeNull();
        expect(await stateOf(ready)).toBe("ready");
      });

      test("deletes no more than its limit", async () => {
        await store.push(Array.from({ length: 5 }, () => newTask()));
        for (const task of await claim(store, { limit: 5 })) await finish(task);
        const options = { finishedBefore: clock.now() + 1, failedBefore: 0, limit: 2 };
        expect([
          await store.clean(options),
          await store.clean(options),
          await store.clean(options),
        ]).toEqual([2, 2, 1]);
      });
    });

    describe("looking", () => {
      test("lists the newest first, by state, queue and model, page by page", async () => {
        const ids = await store.push(
          Array.from({ length: 10 }, (_, i) =>
            newTask({ queue: i % 2 ? "odd" : "even", model: i < 5 ? "low" : "high" }),
          ),
        );
        const listed = async (filter: Parameters<Store["list"]>[0]) =>
          (await store.list(filter)).map(({ id }) => ids.indexOf(id));
        expect(await listed({})).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        expect(await listed({ queue: "odd" })).toEqual([9, 7, 5, 3, 1]);
        expect(await listed({ queue: "odd", model: "low" })).toEqual([3, 1]);
        expect(await listed({ limit: 2, before: ids[5] as number })).toEqual([4, 3]);
        await claim(store, { limit: 2 });
        await store.cancel(ids[9] as number);
        expect(await listed({ states: ["running"] })).toEqual([1, 0]);
        expect(await listed({ states: ["running", "cancelled"] })).toEqual([9, 1, 0]);
        expect(await listed({ states: ["cancelled"], before: ids[9] as number })).toEqual([]);
        expect(await listed({ states: [] })).toEqual([]);
        expect(await listed({ states: ["ready"], limit: 3, queue: "even" })).toEqual([8, 6, 4]);
      });

      test("lists a hundred unless told otherwise", async () => {
        await store.push(Array.from({ length: 130 }, () => newTask()));
        expect(await store.list()).toHaveLength(100);
        expect(await store.list({ limit: 120 })).toHaveLength(120);
      });

      test("a task that does not exist is null", async () => {
        expect(await store.get(99)).toBeNull();
      });

      test("counts ready tasks up to a limit", async () => {
        await store.push(
          Array.from({ length: 5 }, (_, i) => newTask({ queue: i < 3 ? "a" : "b" })),
        );
        await pushOne(store, { queue: "a", scheduledAt: clock.now() + 1 });
        const counts = [["a"], ["b"], ["a", "b"], [], ["a*", "z"], ["z"]];
        const seen = [];
        for (const queues of counts) seen.push(await readyOf(store, queues, 10));
        expect(seen).toEqual([3, 2, 5, 5, 3, 0]);
        expect(await readyOf(store, [], 4)).toBe(4);
      });

      test("knows when the next scheduled task is due", async () => {
        expect(await dueOf(store)).toBeNull();
        await pushOne(store, { scheduledAt: clock.now() + 30 });
        const first = await pushOne(store, { scheduledAt: clock.now() + 10 });
        expect(await dueOf(store)).toBe(clock.now() + 10);
        await store.cancel(first);
        expect(await dueOf(store)).toBe(clock.now() + 30);
      });

      test("knows whether its queues have work", async () => {
        const work = (queues: string[], scheduled = false) => store.hasWork(queues, scheduled);
        expect(await work([])).toBe(false);
        await pushOne(store, { queue: "later", scheduledAt: clock.now() + 10 });
        expect([
          await work([]),
          await work([], true),
          await work(["late*"], true),
          await work(["x"], true),
        ]).toEqual([false, true, true, false]);
        await pushOne(store, { queue: "mail" });
        expect([
          await work([]),
          await work(["mail"]),
          await work(["m*"]),
          await work(["pdf"]),
        ]).toEqual([true, true, true, false]);
        const task = await claimFirst(store);
        expect([await work(["mail"]), await work(["pdf"])]).toEqual([true, false]);
        await finish(task);
        expect(await work(["mail"])).toBe(false);
      });

      test("counts each queue's tasks by state", async () => {
        await store.push([
          newTask({ queue: "b" }),
          newTask({ queue: "a" }),
          newTask({ queue: "a", scheduledAt: clock.now() + 1 }),
        ]);
        await fail(await claimFirst(store, { queues: ["b"] }));
        await claimFirst(store, { queues: ["a"] });
        expect((await store.status()).queues).toEqual([
          { queue: "a", scheduled: 1, ready: 0, running: 1, failed: 0 },
          { queue: "b", scheduled: 0, ready: 0, running: 0, failed: 1 },
        ]);
      });

      test("notices a commit of another", async () => {
        const other = subject.open();
        const before = await store.version();
        expect(await store.version()).toBe(before);
        await pushOne(other);
        expect(await store.version()).not.toBe(before);
      });
    });

    describe("a session", () => {
      test("keeps what it did until it commits, and then for all", async () => {
        const other = subject.open();
        await withSession(store, async (session) => {
          const [id = 0] = await session.push([newTask()]);
          expect(session.writing).toBe(true);
          expect(await other.get(id)).toBeNull();
          await session.commit();
          expect(session.writing).toBe(false);
          expect(await other.get(id)).not.toBeNull();
        });
      });

      test("undoes everything when it rolls back or is released", async () => {
        await withSession(store, async (session) => {
          await session.push([newTask()]);
          await session.rollback();
          await session.push([newTask()]);
        });
        expect(await store.list()).toEqual([]);
      });

      test("refuses all use once it is released, and leaves the connection clean", async () => {
        const session = store.session();
        await session.push([newTask()]);
        await store.release(session);
        await store.release(session);
        const use: (() => unknown)[] = [
          () => session.begin(),
          () => session.push([newTask()]),
          () => session.claim({ owner: OWNER, queues: [], limit: 1 }),
          () => session.stillHeld([{ id: 1, claim: 1 }]),
          () => session.settle({ id: 1, claim: 1 }, { kind: "finished", result: null }),
          () => session.savepoint(),
          () => session.records.read({ name: "x", columns: [] }, [1]),
          () => session.raw(false),
        ];
        for (const attempt of use) {
          expect((async () => attempt())()).rejects.toMatchObject({ code: "conflict" });
        }
        await withSession(store, async (next) => {
          expect(next.writing).toBe(false);
          await next.push([newTask()]);
          await next.commit();
        });
        expect(await store.list()).toHaveLength(1);
      });

      test("goes back to its savepoint, and keeps what was before it", async () => {
        await store.write(async (session) => {
          await session.push([newTask({ user: 1 })]);
          await session.savepoint();
          await session.push([newTask({ user: 2 })]);
          await session.rollbackToSavepoint();
          await session.savepoint();
          await session.push([newTask({ user: 3 })]);
          await session.releaseSavepoint();
        });
        expect((await store.list()).map(({ user }) => user)).toEqual([3, 1]);
      });

      test("forgets a table that was made in a savepoint and rolled back", async () => {
        const table = { name: "thing", columns: [{ name: "a", type: "TEXT" as const }] };
        await store.write(async (session) => {
          await session.savepoint();
          await session.records.ensureTable(table);
          await session.rollbackToSavepoint();
          await session.records.ensureTable(table);
          await session.records.insert(table, ["x"]);
        });
        await withSession(store, async (session) => {
          expect(await session.records.read(table, [1])).toEqual([[1, "x"]]);
        });
      });

      test("that is asked twice at once to write begins once", async () => {
        const other = store.session();
        await other.begin();
        await withSession(store, async (session) => {
          const begin = async () => session.begin();
          const pushes = [session.push([newTask()]), session.push([newTask()]), begin()];
          await store.release(other);
          await Promise.all(pushes);
          await session.commit();
        });
        expect(await store.list()).toHaveLength(2);
      });

      test("released while it waits for its turn leaves the turn free", async () => {
        const other = store.session();
        await other.begin();
        const session = store.session();
        const begin = session.begin();
        const released = store.release(session);
        await store.release(other);
        expect(begin).rejects.toMatchObject({ code: "conflict" });
        await released;
        expect(await pushOne(store)).toBeGreaterThan(0);
      });

      test("may end its transaction after the store was closed, and begins no other", async () => {
        const closing = subject.open({ durability: "full" });
        const session = closing.session();
        const ids = await session.push([newTask()]);
        const waiting = closing.session();
        await closing.close();
        await session.commit();
        await closing.release(session);
        expect(await store.get(ids[0] ?? 0)).toMatchObject({ state: "ready" });
        const refused = expect.objectContaining({
          code: "conflict",
          message: expect.stringContaining("it was closed, with the worker that it belongs to"),
        });
        const late = [() => waiting.begin(), () => waiting.stillHeld([]), () => closing.list()];
        for (const use of late) expect(await errorOf(async () => use())).toEqual(refused);
        expect(await pushOne(store)).toBeGreaterThan(0); // its turn is free
      });

      test("runs write functions, and rolls back one that throws", async () => {
        expect(await store.write(async () => 42)).toBe(42);
        const broken = store.write(async (session) => {
          await session.push([newTask()]);
          throw new Error("broken");
        });
        expect(broken).rejects.toThrow("broken");
        await broken.catch(() => undefined);
        expect(await store.list()).toEqual([]);
      });
    });

    describe("turns to write", () => {
      test("are first come, first served", async () => {
        const order: number[] = [];
        const first = store.session();
        await first.begin();
        const others = Array.from({ length: 20 }, (_, i) =>
          store.write(async (session) => {
            await session.push([newTask()]);
            await Promise.resolve();
            order.push(i);
          }),
        );
        await store.release(first);
        await Promise.all(others);
        expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
      });

      test("are shared by two stores of one thread on the same data: they do not deadlock", async () => {
        const other = subject.open();
        const write = (on: Store, round: number) =>
          on.write(async (session) => {
            await session.push([newTask({ user: round })]);
            await nextTurn();
            await session.push([newTask({ user: round })]);
          });
        await Promise.all(Array.from({ length: 20 }, (_, i) => write(i % 2 ? other : store, i)));
        const users = (await store.list()).map(({ user }) => user);
        expect(users).toHaveLength(40);
        expect(users.filter((user, i) => i % 2 === 0 && user !== users[i + 1])).toEqual([]);
      });
    });
  });
}
