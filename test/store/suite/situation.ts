/** The facts that say why a task does not run: they agree with what a claim does. */
import { describe, expect, test } from "bun:test";
import type { Situation } from "../../../src/store/situation.ts";
import { claim, newTask, pushOne } from "../../support/store.ts";
import { claimIds, clock, ERROR, fail, finish, register, store, subject } from "./subject.ts";

async function of(id: number): Promise<Situation> {
  const found = await subject.open().situation({ id });
  if (!found) throw new Error(`There is no task ${id}`);
  return found;
}

const aheadOf = async (id: number) => (await of(id)).place?.ahead;

/** A worker of the queues `mail` and `pdf*`. */
const OWN = { owner: { worker: "worker-1", thread: 1 }, queues: ["mail", "pdf*"] };

export function situationTests(): void {
  describe("the situation of a task", () => {
    test("is found by its id or its ref, and there is none of a task that there is not", async () => {
      const id = await pushOne(store, { ref: "order-7" });
      expect((await store.situation({ ref: "order-7" }))?.task.id).toBe(id);
      expect(await store.situation({ id: 99 })).toBeNull();
      expect(await store.situation({ ref: "order-8" })).toBeNull();
    });

    test("has no place where no live worker takes its queue", async () => {
      const id = await pushOne(store, { queue: "print" });
      await register("worker-1");
      expect(await of(id)).toMatchObject({
        place: null,
        workers: [{ id: "worker-1", alive: true }],
      });
      await subject.kill("worker-1");
      expect((await of(id)).workers).toMatchObject([{ alive: false }]);
    });

    test("counts before it what a claim of its worker takes before it", async () => {
      await register("worker-1");
      const ids = await store.push([
        newTask({ queue: "mail" }),
        newTask({ queue: "pdf-a4", priority: 1 }),
        newTask({ queue: "mail", expectedAt: clock.now() - 5 }),
        newTask({ queue: "pdf-a4", expectedAt: clock.now() + 5 }),
        newTask({ queue: "print", priority: 9 }),
        newTask({ queue: "mail", priority: -1 }),
      ]);
      const taken = ids.filter((_, at) => at !== 4);
      const ahead = new Map<number, number | undefined>();
      for (const id of taken) ahead.set(id, await aheadOf(id));
      const order = await claimIds(OWN);
      expect(order.map((id) => ahead.get(id))).toEqual([0, 1, 2, 3, 4]);
      await store.unregister("worker-1");
    });

    test("is that of a ready one once its time has come", async () => {
      await register("worker-1");
      const id = await pushOne(store, { queue: "mail", scheduledAt: clock.now() + 10 });
      expect((await of(id)).place).toBeNull();
      clock.advance(10);
      expect(await aheadOf(id)).toBe(0);
      await store.unregister("worker-1");
    });

    test("tells which threads are busy, since when, and how many runs have ended meanwhile", async () => {
      const [first, ...rest] = await store.push(
        Array.from({ length: 5 }, () => newTask({ queue: "mail" })),
      );
      const last = rest.at(-1) ?? 0;
      clock.advance(500); // no worker that lives could run it
      await register("worker-1");
      await claim(store, OWN);
      clock.advance(1_000);
      const [second, third] = await claim(store, { ...OWN, limit: 2 });
      if (second) await finish(second);
      if (third) await fail(third, ERROR);
      clock.advance(1_000);
      expect((await of(last)).place).toMatchObject({
        ahead: 1,
        ended: 2,
        endedWithin: 2_000,
        threads: 2,
        busy: 1,
        longest: { id: first, dequeued_at: clock.now() - 2_000 },
      });
      await store.unregister("worker-1");
    });

    test("counts the runs that have ended since a pause of its queue did", async () => {
      await register("worker-1");
      const ids = await store.push(Array.from({ length: 4 }, () => newTask({ queue: "mail" })));
      clock.advance(1_000);
      const pause = { kind: "queue", name: "m*" } as const;
      await store.pauses.pause({ ...pause, by: "ana", reason: null, until: null });
      clock.advance(60_000);
      await store.pauses.resume(pause);
      clock.advance(2_000);
      const [task] = await claim(store, OWN);
      if (task) await finish(task);
      expect((await of(ids[3] ?? 0)).place).toMatchObject({ ended: 1, endedWithin: 2_000 });
      await store.unregister("worker-1");
    });

    test("tells who runs it, and with how many other tasks", async () => {
      await register("worker-1");
      const ids = await store.push([1, 2, 3].map(() => newTask({ queue: "mail" })));
      await claim(store, { ...OWN, limit: 3 });
      expect((await of(ids[0] ?? 0)).run).toEqual({
        ...OWN.owner,
        others: 2,
        isHeard: false,
        progress: null,
        lastLine: null,
      });
      await store.unregister("worker-1");
    });

    test("tells of a suspect which one runs, as a worker takes one at a time", async () => {
      const ids = await store.push([1, 2, 3].map(() => newTask({ queue: "mail" })));
      await register("worker-2");
      await claim(store, { owner: { worker: "worker-2", thread: 1 }, limit: 3 });
      await subject.kill("worker-2");
      await store.rescueDead(3);
      await register("worker-1");
      const last = ids.at(-1) ?? 0;
      expect(await of(last)).toMatchObject({ suspect: true, place: { ahead: 2, suspects: [] } });
      const [turn = 0] = await claimIds(OWN);
      expect(await of(last)).toMatchObject({ place: { ahead: 1, suspects: [turn] } });
      await store.unregister("worker-1");
    });

    test("tells that a run has put it off, and how that run ended", async () => {
      const id = await pushOne(store, { queue: "mail" });
      expect(await of(id)).toMatchObject({ putOff: false, lastRun: null });
      const [task] = await claim(store, OWN);
      if (!task) throw new Error("No task is ready");
      await store.write((session) =>
        session.settle(task, { kind: "snoozed", delay: 9, reason: "closed" }),
      );
      expect(await of(id)).toMatchObject({
        putOff: true,
        lastRun: { number: 1, outcome: "snoozed", ended_at: clock.now() },
      });
    });
  });
}
