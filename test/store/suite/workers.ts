/** Workers that die, and workers that leave. */
import { describe, expect, test } from "bun:test";
import type { Store } from "../../../src/store/store.ts";
import type { ClaimedTask } from "../../../src/task.ts";
import { VERSION } from "../../../src/version.ts";
import { claim, claimFirst, newTask, pushOne, readyOf } from "../../support/store.ts";
import {
  claimIds,
  clock,
  finish,
  NO_PID,
  OTHER,
  register,
  stateOf,
  store,
  subject,
} from "./subject.ts";

export function workerTests(): void {
  describe("the death of a worker", () => {
    /** Claims as this worker, which then dies. */
    async function claimAndDie(worker: string, limit: number): Promise<ClaimedTask[]> {
      await register(worker);
      const tasks = await claim(store, { owner: { worker, thread: 1 }, limit });
      await subject.kill(worker);
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
          pid: NO_PID,
          threads: 2,
          queues: ["mail", "pdf*"],
          running: 1,
          started_at: clock.now(),
        },
      ]);
      await store.unregister("worker-1");
    });

    test("is told from a trouble: a live worker can say why it runs nothing, and which build it is", async () => {
      await register("worker-1");
      const other = subject.open();
      const said = async () =>
        (await other.workers()).map(({ version, trouble }) => ({ version, trouble }));
      expect(await said()).toEqual([{ version: VERSION, trouble: null }]);
      await store.condition.setTrouble("worker-1", "Cannot start thread 1");
      expect(await said()).toEqual([{ version: VERSION, trouble: "Cannot start thread 1" }]);
      await store.condition.setTrouble("worker-1", null);
      expect(await said()).toEqual([{ version: VERSION, trouble: null }]);
      await store.unregister("worker-1");
    });

    test("is seen by who only looks, and changes nothing by that", async () => {
      await register("worker-1");
      const alive = async (on: Store) => (await on.status()).workers.map((worker) => worker.alive);
      const other = subject.open();
      expect([await alive(store), await alive(other)]).toEqual([[true], [true]]);
      await subject.kill("worker-1");
      for (const on of [store, other, other]) expect(await alive(on)).toEqual([false]);
      expect(await other.isAlive("worker-1")).toBe(false);
      expect(await store.rescueDead(3)).toMatchObject([
        { worker: { id: "worker-1", pid: NO_PID } },
      ]);
    });

    test("is seen in its tasks, where its own row is gone", async () => {
      const id = await pushOne(store);
      await claim(store, { owner: { worker: "forgotten", thread: 1 } });
      const rescues = await store.rescueDead(3);
      clock.passes(1_000); // beside a server it may be about to come back
      rescues.push(...(await store.rescueDead(3)));
      expect(rescues).toMatchObject([
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

    test("leaves a run in the history of the task that a thread held alone", async () => {
      const id = await pushOne(store);
      await claimAndDie("dead", 1);
      clock.advance(700);
      await store.rescueDead(3);
      expect(await store.get(id)).toMatchObject({ attempts: 1, crashes: 0, failures: 0 });
      expect(await store.attempts(id)).toMatchObject([
        {
          number: 1,
          outcome: "interrupted",
          ran: null,
          reason: "its worker process died",
          worker: "dead",
        },
      ]);
      const again = await claimFirst(store);
      expect(again).toMatchObject({ attempt: 2, suspect: true, again: true });
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
      await pushOne(store, { priority: 9, queue: "other" });
      const held = await claim(store, { owner: { worker: "x", thread: 1 }, queues: ["other"] });
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
      expect(await store.stillHeld(held)).toHaveLength(1);
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
      const unseen = (await store.attempts(id)).map(({ outcome, ran }) => [outcome, ran]);
      expect(unseen).toEqual([["interrupted", null], ...Array(3).fill(["crashed", null])]);
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
}
