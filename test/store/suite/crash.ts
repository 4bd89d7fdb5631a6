/** Tasks that crash, and threads that die. */
import { describe, expect, test } from "bun:test";
import type { ClaimedTask } from "../../../src/task.ts";
import { claim, claimFirst, newTask, OWNER, pushOne } from "../../support/store.ts";
import { claimIds, finish, store } from "./subject.ts";

export function crashTests(): void {
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

  describe("the death of a thread", () => {
    async function twoHeld(): Promise<ClaimedTask[]> {
      await store.push([newTask(), newTask(), newTask()]);
      const tasks = await claim(store, { limit: 2 });
      await claim(store, { owner: { worker: "worker-1", thread: 2 } });
      return tasks;
    }

    test("makes suspects of its tasks where one of them is to blame, and nobody knows which", async () => {
      const held = await twoHeld();
      const death = { running: null, reason: "broken", maxCrashes: 3, suspectAll: true };
      expect(await store.rescueThread(OWNER, death)).toMatchObject([
        { state: "ready", crashed: false, crashes: 0 },
        { state: "ready", crashed: false, crashes: 0 },
      ]);
      for (const { id } of held) {
        expect(await store.get(id)).toMatchObject({ attempts: 0, crashes: 0, reason: "broken" });
      }
      expect(await claim(store, { limit: 2 })).toMatchObject([{ suspect: true }]);
    });

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

    test("names the instances and the ref, and a function without a method", async () => {
      const call = { model: "thumbnail", method: "call", ref: null };
      const method = { ...call, ref: "order-7", instances: [7] };
      await store.push([newTask({ ...call, instances: [] }), newTask(method)]);
      const [ran = null] = await claim(store, { limit: 2 });
      const tasks = await store.rescueThread(OWNER, { running: ran, reason: "x", maxCrashes: 3 });
      expect(tasks).toMatchObject([
        { ...call, method: null, instances: null },
        { ...method, instances: "[7]" },
      ]);
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
      expect(await store.rescueThread(OWNER, { running: null, reason: "", maxCrashes: 3 })).toEqual(
        [],
      );
    });
  });
}
