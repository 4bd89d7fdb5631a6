/** What a claim takes, in which order, and how it is handed back. */
import { describe, expect, test } from "bun:test";
import type { ClaimedTask, NewTask } from "../../../src/task.ts";
import {
  claim,
  claimFirst,
  holds,
  newTask,
  OWNER,
  pushOne,
  withSession,
} from "../../support/store.ts";
import { claimIds, clock, finish, OTHER, stateOf, store, subject } from "./subject.ts";

export function claimTests(): void {
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
      const id = await pushOne(store, {
        instances: [1, 2],
        args: "[3]",
        user: 4,
        queue: "mail",
        ref: "order-7",
      });
      expect(await claimFirst(store)).toEqual({
        id,
        claim: expect.any(Number),
        model: "sale",
        method: "process",
        instances: "[1,2]",
        args: "[3]",
        context: "{}",
        user: 4,
        queue: "mail",
        priority: 0,
        deadline: clock.now(),
        enqueuedAt: clock.now(),
        scheduledAt: null,
        expectedAt: null,
        attempt: 1,
        suspect: false,
        postponed: 0,
        failures: 0,
        expiresAt: null,
        policy: null,
        ref: "order-7",
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
      expect(await taken("p*f", "*m*i*")).toEqual(["mail", "pdf", "m.il"]);
      expect(await taken("*d*-b?g*", "**.*", "*ß*?")).toEqual(["pdf-big", "m.il", "größe"]);
      expect(await taken("*d*d*", "*l*l", "m*mail")).toEqual([]);
    });

    test("takes from queues that match a pattern of many stars, however long their names are", async () => {
      const queue = "ab".repeat(500);
      await store.push([newTask({ queue })]);
      const stars = "*a".repeat(200);
      expect(await claimIds({ queues: [`${stars}*c`] })).toEqual([]);
      expect(await claimIds({ queues: [`${stars}*b`] })).toHaveLength(1);
    });

    test("orders over all its queues", async () => {
      const [a, b, c, d] = await store.push([
        newTask({ queue: "a" }),
        newTask({ queue: "b", priority: 5 }),
        newTask({ queue: "c", expectedAt: clock.now() - 1 }),
        newTask({ queue: "a", priority: 5 }),
      ]);
      expect(await claimIds({ limit: 3, queues: ["a", "b", "c"] })).toEqual([b, d, c] as number[]);
      expect(await claimIds()).toEqual([a] as number[]);
    });

    test("reaches the last of a thousand queues", async () => {
      await store.push(Array.from({ length: 1000 }, (_, queue) => newTask({ queue: `q${queue}` })));
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

    test("of a task that has run before keeps what that run left: its reason, and that it comes back", async () => {
      const id = await pushOne(store);
      const first = await claimFirst(store);
      await store.write((session) =>
        session.settle(first, { kind: "interrupted", reason: "it was late" }),
      );
      const again = await claimFirst(store);
      expect(await store.get(id)).toMatchObject({ state: "running", reason: null });
      await store.write((session) => session.handBack([again]));
      expect(await store.get(id)).toMatchObject({ state: "ready", reason: "it was late" });
      expect(await claimFirst(store)).toMatchObject({ again: true, attempt: 2 });
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
}
