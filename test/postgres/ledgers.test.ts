/** Recurring tasks, alerts and other definitions on PostgreSQL, written by several processes at once. */
import { expect, test } from "bun:test";
import type { CronDecision, CronSlot } from "../../src/cron/ledger.ts";
import type { PostgresStore } from "../../src/postgres/store.ts";
import type { AlertDefinition, AlertTake } from "../../src/store/failure-store.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { claim, newTask, pushOne } from "../support/store.ts";

const FILE = "/shop/tq.toml";
const NIGHTLY = { name: "nightly", definition: '{"schedule":"@daily","task":"night.run"}' };
const HOURLY = { name: "hourly", definition: '{"schedule":"@hourly","task":"night.run"}' };
const ERROR = { name: "Error", message: "it broke", stack: null };

/** Ten stores of processes of their own, all connected. */
async function openTen(made: TestPostgres): Promise<PostgresStore[]> {
  const stores = Array.from({ length: 10 }, () => made.open());
  await Promise.all(stores.map((store) => store.ready()));
  return stores;
}

/** The sentences of those that were refused. */
async function refusalsOf(work: readonly Promise<unknown>[]): Promise<string[]> {
  const ends = await Promise.allSettled(work);
  return ends.flatMap((end) => (end.status === "rejected" ? String(end.reason) : []));
}

function decide(store: PostgresStore, slot: number): Promise<CronSlot[]> {
  return store.cron.decide("nightly", ({ row, taken }): CronDecision | null => {
    if (slot <= row.decidedUntil || taken.has(slot)) return null;
    const task = newTask({ model: "night" });
    return {
      slots: [{ slot, outcome: "pushed", reason: null, task }],
      decidedUntil: slot,
    };
  });
}

const ALL: AlertDefinition = { key: "command", queues: [], tasks: [] };
const SALES: AlertDefinition = { key: "url sales", queues: [], tasks: ["sale.*"] };
const BOTH = [ALL, SALES];

function take(store: PostgresStore, worker: string, channel = ALL.key) {
  const asked: AlertTake = {
    worker,
    channel,
    origin: FILE,
    definitions: BOTH,
    every: 0,
    limit: 100,
  };
  return store.failures.take(asked);
}

async function failAll(store: PostgresStore, count: number): Promise<void> {
  for (const task of await claim(store, { limit: count })) {
    await store.write((session) => session.settle(task, { kind: "failed", error: ERROR }));
  }
}

needs("postgres").describe("on PostgreSQL", () => {
  test("ten processes that decide a slot at once push one task", async () => {
    await using made = await makePostgres();
    const { store, clock } = made;
    await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
    const stores = await openTen(made);
    for (let slot = clock.now() + 1; slot <= clock.now() + 20; slot++) {
      const decided = await Promise.all(stores.map((one) => decide(one, slot)));
      expect(decided.flat()).toHaveLength(1);
    }
    expect(await store.list({ model: "night", limit: 100 })).toHaveLength(20);
    expect(await store.cron.slots("nightly", 100)).toHaveLength(20);
  });

  test("a recurring task that is decided and changed at once keeps both changes", async () => {
    await using made = await makePostgres();
    const { store, clock } = made;
    await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
    const stores = await openTen(made);
    const pause = { at: clock.now(), until: null, by: "root@shop", reason: null };
    const changed = { ...NIGHTLY, definition: '{"schedule":"@daily","task":"night.other"}' };
    const slot = clock.now() + 1;
    await Promise.all(
      stores.map(async (one, at) => {
        if (at % 3 === 0) await decide(one, slot);
        if (at % 3 === 1) await one.cron.override("nightly", (row) => ({ ...row.override, pause }));
        if (at % 3 === 2) await one.cron.define({ origin: FILE, definitions: [changed] });
      }),
    );
    const [row] = await store.cron.rows();
    expect(row).toMatchObject({ ...changed, override: { pause }, decidedUntil: slot });
    expect(await store.cron.slots("nightly", 100)).toHaveLength(1);
  });

  test("ten hosts that define the same recurring tasks at once make each of them once", async () => {
    await using made = await makePostgres();
    const stores = await openTen(made);
    const workers = stores.map((store, at) => ({ store, worker: `worker-${at}` }));
    for (const { store, worker } of workers) {
      await store.register({ id: worker, pid: 1, threads: 1, queues: [] });
    }
    const changes = await Promise.all(
      workers.map(({ store, worker }, at) =>
        store.cron.define({
          origin: FILE,
          definitions: at % 2 === 0 ? [NIGHTLY, HOURLY] : [HOURLY, NIGHTLY],
          worker,
        }),
      ),
    );
    expect(changes.flatMap(({ changed }) => changed).sort()).toEqual(["hourly", "nightly"]);
    expect(changes.flatMap(({ removed }) => removed)).toEqual([]);
    const rows = await made.store.cron.rows();
    expect(rows.map(({ name, held }) => [name, held])).toEqual([
      ["hourly", true],
      ["nightly", true],
    ]);
  });

  test("ten people who add a recurring task of one name at once get one, and nine refusals", async () => {
    await using made = await makePostgres();
    const stores = await openTen(made);
    const refused = await refusalsOf(stores.map((one) => one.cron.add("database", NIGHTLY)));
    expect(refused).toHaveLength(9);
    expect(new Set(refused).size).toBe(1);
    expect(refused[0]).toContain("nightly");
  });

  test("a time zone that ten workers say at once is one that all follow", async () => {
    await using made = await makePostgres();
    const stores = await openTen(made);
    await made.store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
    const zones = await Promise.all(
      stores.map((store, at) => store.cron.followZone(`worker-${at}`, "Europe/Berlin")),
    );
    expect(new Set(zones)).toEqual(new Set(["Europe/Berlin"]));
  });

  test("failures of ten workers at once are counted once by each alert, and none waits for another", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.failures.watch(FILE, BOTH);
    await store.push([
      ...Array.from({ length: 20 }, () => newTask({ model: "sale" })),
      ...Array.from({ length: 20 }, () => newTask({ model: "label" })),
    ]);
    const [first, ...others] = await claim(store, { limit: 40 });
    if (!first) throw new Error("nothing was claimed");
    // A settle that stays open: the others must not need what it has locked.
    const late = store.session();
    await late.settle(first, { kind: "failed", error: ERROR });
    const stores = await openTen(made);
    await Promise.all(
      others.map(async (task, at) => {
        await stores[at % 10]?.write((session) =>
          session.settle(task, { kind: "failed", error: ERROR }),
        );
      }),
    );
    expect(await take(store, "worker-1")).toMatchObject({ kind: "alert", count: 39 });
    await late.commit();
    await store.release(late);
    await store.failures.told("worker-1", ALL.key, 39, true);
    const rest = await take(store, "worker-1");
    expect(rest).toMatchObject({ kind: "alert", count: 1, failures: [{ task: first.id }] });
    expect(await take(store, "worker-2", SALES.key)).toMatchObject({ count: 20 });
  });

  test("an alert that ten workers take at once is taken by one of them", async () => {
    await using made = await makePostgres();
    const { store } = made;
    const stores = await openTen(made);
    await store.failures.watch(FILE, BOTH);
    for (let at = 0; at < 10; at++) {
      await store.register({ id: `worker-${at}`, pid: 1, threads: 1, queues: [] });
    }
    await pushOne(store);
    await failAll(store, 1);
    const taken = await Promise.all(stores.map((one, at) => take(one, `worker-${at}`)));
    expect(taken.filter(({ kind }) => kind === "alert")).toHaveLength(1);
    expect(taken.filter(({ kind }) => kind === "other")).toHaveLength(9);
  });

  test("a storm of failures keeps a hundred of them, counts all, and leaves no row behind", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    await store.failures.watch(FILE, [ALL]);
    await store.push(Array.from({ length: 1_200 }, () => newTask()));
    const tasks = await claim(store, { limit: 1_200 });
    await store.write(async (session) => {
      for (const task of tasks) await session.settle(task, { kind: "failed", error: ERROR });
    });
    const noted = await database.run("SELECT FROM tq.noted_failure");
    expect(noted).toHaveLength(200); // each 500th has counted those before it
    const asked: AlertTake = {
      worker: "worker-1",
      channel: ALL.key,
      origin: FILE,
      definitions: [ALL],
      every: 0,
      limit: 100,
    };
    const alert = await store.failures.take(asked);
    expect(alert).toMatchObject({ kind: "alert", count: 1_200 });
    expect(alert.kind === "alert" && alert.failures.map(({ task }) => task)).toEqual(
      tasks.slice(0, 100).map(({ id }) => id),
    );
    await store.failures.told("worker-1", ALL.key, 1_200, true);
    expect(await database.run("SELECT FROM tq.untold")).toHaveLength(0);
    expect(await database.run("SELECT FROM tq.noted_failure")).toHaveLength(0);
  });

  test("ten workers that declare follow-ups and marks at once keep one of each", async () => {
    await using made = await makePostgres();
    const stores = await openTen(made);
    const models = ["label", "sale"];
    const followUps = models.map((model) => ({
      model,
      method: "print",
      calls: { model: "mail", method: "tell" },
    }));
    await Promise.all(
      stores.map(async (store, at) => {
        const order = at % 2 === 0 ? followUps : followUps.toReversed();
        await store.failures.declare(models, order);
        await store.redactions.declare(models, {
          sale: { "*": ["secret"] },
        });
      }),
    );
    const { database } = made;
    expect(await database.run("SELECT FROM tq.follow_up")).toHaveLength(2);
    expect(await database.run("SELECT FROM tq.redaction")).toHaveLength(1);
  });

  test("a token that ten processes add at once is added by one of them", async () => {
    await using made = await makePostgres();
    const stores = await openTen(made);
    const adding = stores.map((one, at) =>
      one.tokens.add({ name: "shop", roles: ["read"] }, new Uint8Array([at])),
    );
    expect(await refusalsOf(adding)).toHaveLength(9);
    expect(await made.store.tokens.list()).toHaveLength(1);
  });
});
