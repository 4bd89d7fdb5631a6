/** Pauses: a claim takes no task that one of them holds, and each ends alone. */
import { describe, expect, test } from "bun:test";
import type { NewPause } from "../../../src/store/pauses.ts";
import { errorOf } from "../../support/error.ts";
import { newTask, OWNER, pushOne, readyOf } from "../../support/store.ts";
import {
  claimIds,
  fail,
  finish,
  OTHER,
  register,
  stateOf,
  store,
  subject,
  clock,
} from "./subject.ts";

const BY = { by: "ana@till3", reason: null, until: null };

function pauseQueue(name: string, more: Partial<NewPause> = {}) {
  return store.pauses.pause({ kind: "queue", name, ...BY, ...more });
}

function pauseTask(name: string, more: Partial<NewPause> = {}) {
  return store.pauses.pause({ kind: "task", name, ...BY, ...more });
}

const queue = (name: string) => ({ kind: "queue", name }) as const;
const task = (name: string) => ({ kind: "task", name }) as const;

/** Claims until nothing more is to be had, as threads that are woken again do. */
async function claimAll(options: Parameters<typeof claimIds>[0] = {}): Promise<number[]> {
  const ids: number[] = [];
  while ((await readyOf(store, options.queues ?? [], 1, OWNER.worker)) > 0) {
    ids.push(...(await claimIds(options)));
  }
  return ids;
}

/** The code and the sentence of what is refused. */
async function refusalOf(work: Promise<unknown>): Promise<string> {
  const { code, message } = await errorOf(work);
  return `${code}: ${message}`;
}

export function pauseTests(): void {
  describe("a pause", () => {
    test("leaves its tasks among those that are listed, moved and cancelled as ready", async () => {
      const ids = await store.push([newTask(), newTask({ queue: "print" }), newTask()]);
      await pauseTask("sale.process");
      expect(await claimAll()).toEqual([]); // it has set them aside
      const listed = await store.list({ states: ["ready"] });
      expect(listed.map(({ id }) => id)).toEqual(ids.toReversed());
      expect(await store.list({ states: ["ready"], queue: "print" })).toHaveLength(1);
      expect(
        await store.moveMany({ kind: "place", queue: "mail" }, ids, { states: ["ready"] }),
      ).toBe(3);
      expect(await store.list({ states: ["ready"], queue: "mail" })).toHaveLength(3);
      expect(await store.moveMany({ kind: "cancel" }, ids.slice(1), { states: ["ready"] })).toBe(2);
      await store.pauses.resume(task("sale.process"));
      expect(await claimAll()).toEqual(ids.slice(0, 1));
    });

    test("says by whom, since when, why and until when, to every process", async () => {
      const since = clock.now();
      const pause = await pauseQueue("print", { reason: "toner", until: since + 60_000 });
      expect(pause).toEqual({
        kind: "queue",
        name: "print",
        by: "ana@till3",
        since,
        reason: "toner",
        until: since + 60_000,
      });
      expect(await subject.open().pauses.list()).toEqual([pause]);
      expect((await store.status()).pauses).toEqual([pause]);
    });

    test("of one that is paused already changes it, and not since when", async () => {
      const since = clock.now();
      await pauseQueue("print", { reason: "toner", until: since + 60_000 });
      clock.advance(1_000);
      await pauseQueue("print", { by: "bo" });
      expect(await store.pauses.list()).toMatchObject([
        { name: "print", by: "bo", since, reason: null, until: null },
      ]);
    });

    test.each([
      ["a queue", () => pauseQueue("print")],
      ["queues by a pattern", () => pauseQueue("pr?n*")],
      ["a method", () => pauseTask("label.print")],
      ["methods by a pattern", () => pauseTask("label.*")],
    ])("of %s lets no such task be claimed, and others pass", async (_, pause) => {
      const held = { queue: "print", model: "label", method: "print" };
      const first = await pushOne(store, { ...held, priority: 9 });
      const other = await pushOne(store, { queue: "mail" });
      await pause();
      const late = await pushOne(store, held);
      expect(await claimAll()).toEqual([other]);
      expect(await claimAll({ queues: ["print"] })).toEqual([]);
      expect(await claimAll({ queues: ["*"], limit: 1 })).toEqual([]);
      expect(await claimAll({ queues: ["print", "mail"] })).toEqual([]);
      await store.pauses.resumeAll();
      expect(await claimAll()).toEqual([first, late]);
    });

    test("of a function holds its tasks, and not a method of the same model", async () => {
      const call = await pushOne(store, { model: "scan", method: "call", instances: [] });
      const method = await pushOne(store, { model: "scan", method: "call", instances: 7 });
      await pauseTask("scan");
      expect(await claimAll()).toEqual([method]);
      await store.pauses.resume(task("scan"));
      expect(await claimAll()).toEqual([call]);
    });

    test("holds what becomes ready later: scheduled, put off, handed back, rescued, retried", async () => {
      const due = await pushOne(store, { scheduledAt: clock.now() + 1_000 });
      const [later, back, rescued, again] = await store.push(
        Array.from({ length: 4 }, () => newTask()),
      );
      const take = (id: number | undefined, owner = OWNER) =>
        store.write(async (session) => {
          const claimed = await session.claimOne(id ?? 0, owner);
          if (!claimed) throw new Error("not claimed");
          return claimed;
        });
      await register(OTHER.worker);
      const claims = [await take(later), await take(back), await take(again)] as const;
      await take(rescued, OTHER);
      await fail(claims[2]);
      await pauseTask("sale.process");
      const error = { name: "E", message: "x", stack: null };
      await store.write((session) =>
        session.settle(claims[0], { kind: "retry", error, delay: 1_000 }),
      );
      await store.write((session) => session.handBack([claims[1]]));
      await subject.kill(OTHER.worker);
      await store.rescueDead(3);
      expect((await store.retry(again ?? 0)).state).toBe("ready");
      clock.advance(2_000);
      expect(await claimAll()).toEqual([]);
      expect(await stateOf(due)).toBe("ready");
      await store.pauses.resume(task("sale.process"));
      const first = await claimIds();
      expect(first).toEqual([rescued ?? 0]); // a suspect comes first, and alone, as before the pause
      expect(await claimAll()).toEqual([later ?? 0, back ?? 0, again ?? 0, due]);
    });

    test("lets running tasks end", async () => {
      const id = await pushOne(store);
      const [claimed] = await store.write((session) =>
        session.claim({ owner: OWNER, queues: [], limit: 1 }),
      );
      await pauseQueue("default");
      if (claimed) expect(await finish(claimed)).toBe(true);
      expect(await stateOf(id)).toBe("finished");
    });

    test("beside another one of the same task ends alone: the task waits for both", async () => {
      const id = await pushOne(store, { queue: "print" });
      await pauseQueue("print");
      await pauseQueue("p*");
      await pauseTask("sale.*");
      await pauseTask("sale.process");
      const situation = await store.situation({ id });
      expect(situation?.pauses.map(({ name }) => name)).toEqual([
        "print",
        "p*",
        "sale.*",
        "sale.process",
      ]);
      for (const target of [queue("print"), task("sale.*"), queue("p*")]) {
        await store.pauses.resume(target);
        expect(await claimAll()).toEqual([]);
      }
      await store.pauses.resume(task("sale.process"));
      expect(await claimAll()).toEqual([id]);
    });

    test("of a queue and a method of the same name are two", async () => {
      await pauseQueue("sale.process");
      expect(await refusalOf(store.pauses.resume(task("sale.process")))).toContain(
        "Cannot resume the method sale.process: not paused",
      );
      await store.pauses.resume(queue("sale.process"));
      expect(await store.pauses.list()).toEqual([]);
    });

    test("that there is not cannot be resumed; a near name is told", async () => {
      expect(await refusalOf(store.pauses.resume(queue("print")))).toBe(
        "not_found: Cannot resume the queue print: not paused; nothing is",
      );
      await pauseQueue("print");
      const refusal = await refusalOf(store.pauses.resume(queue("prnit")));
      expect(refusal).toContain('did you mean "print"?');
    });

    test("ends by itself, and an idle worker is told when", async () => {
      const id = await pushOne(store);
      const until = clock.now() + 60_000;
      await pauseTask("sale.process", { until });
      expect(await claimAll()).toEqual([]);
      const look = () => store.look({ queues: [], limit: 2, worker: OWNER.worker });
      expect(await look()).toMatchObject({ ready: 0, pauseEnds: until });
      clock.advance(59_999);
      expect(await look()).toMatchObject({ ready: 0, pauseEnds: until });
      clock.advance(1);
      expect(await look()).toMatchObject({ ready: 1, pauseEnds: null });
      expect(await store.pauses.list()).toEqual([]);
      expect(await claimAll()).toEqual([id]);
    });

    test("made while the clock was ahead lasts as long as it was meant to, once the clock is set back", async () => {
      const year = 365 * 86_400_000;
      clock.advance(year);
      await pauseQueue("default", { until: clock.now() + 60_000 });
      await pauseQueue("mail");
      clock.advance(-year);
      await store.repairTimes("all");
      expect(await store.pauses.list()).toMatchObject([
        { since: clock.now(), until: clock.now() + 60_000 },
        { since: clock.now(), until: null },
      ]);
    });

    test("made while the clock was right is left alone when the clock is set back", async () => {
      const [since, until] = [clock.now(), clock.now() + 60_000];
      await pauseQueue("default", { until });
      clock.advance(500);
      await store.repairTimes("all");
      expect(await store.pauses.list()).toMatchObject([{ since, until }]);
    });

    test("keeps a worker that drains from waiting for what it holds", async () => {
      await store.push([
        newTask({ queue: "print" }),
        newTask({ queue: "print", scheduledAt: clock.now() + 1_000 }),
        newTask({ queue: "mail" }),
      ]);
      await pauseQueue("print");
      await pauseTask("sale.process");
      await claimAll();
      expect(await store.hasWork([], true)).toBe(false);
      await store.pauses.resume(task("sale.process"));
      expect(await store.hasWork([], false)).toBe(true);
      await claimAll();
      expect(await store.hasWork(["print"], true)).toBe(false);
    });

    test("in a transaction that is rolled back never was", async () => {
      const session = store.session();
      await session.begin();
      await session.pause({ kind: "queue", name: "print", ...BY });
      await store.release(session);
      expect(await store.pauses.list()).toEqual([]);
    });

    test("of a method with thousands of tasks lets the others behind them come, all in their order", async () => {
      const held = await store.push(
        Array.from({ length: 1_700 }, () => newTask({ method: "slow" })),
      );
      const others = await store.push(Array.from({ length: 3 }, () => newTask()));
      await pauseTask("sale.slow");
      expect(await claimAll({ limit: 2 })).toEqual(others);
      const status = await store.status();
      expect(status.queues).toMatchObject([{ ready: 1_700, running: 3 }]);
      await store.pauses.resume(task("sale.slow"));
      expect(await claimAll({ limit: 100 })).toEqual(held);
    });

    test("of a method lets its tasks be cancelled, and a cancelled one is not brought back", async () => {
      const id = await pushOne(store);
      await pauseTask("sale.process");
      await claimAll();
      expect((await store.cancel(id)).state).toBe("cancelled");
      await store.pauses.resumeAll();
      expect(await claimAll()).toEqual([]);
      await store.retry(id);
      expect(await claimAll()).toEqual([id]);
    });

    test("holds a task that is claimed by its id, unless no pause is to matter", async () => {
      const id = await pushOne(store);
      await pauseTask("sale.process");
      await claimAll();
      const one = (even?: boolean) => store.write((session) => session.claimOne(id, OWNER, even));
      expect(await one()).toBeNull();
      expect(await one(true)).toMatchObject({ id, suspect: false });
    });
  });
}
