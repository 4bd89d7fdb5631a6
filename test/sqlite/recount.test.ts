/** Counts that are kept, as there are too many tasks to count them whenever someone asks. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { QueueStatus } from "../../src/store/looking.ts";
import { planOf, statementsOf } from "../support/plans.ts";
import { claimFirst, makeStore, newTask, pushOne, type TestStore } from "../support/store.ts";

interface Filled {
  readonly state: "ready" | "scheduled" | "failed";
  readonly count: number;
  readonly queues?: number;
  /** How many different times they have. */
  readonly times?: number;
  readonly priorities?: number;
  readonly suspect?: number;
}

const FILL = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        enqueued_at, scheduled_at, finished_at, suspect)
  WITH RECURSIVE task (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM task WHERE n < $count)
  SELECT $state, 'q' || (n % $queues), n % $priorities, n % $times, 'sale', 'process', '7', '[]', 0, '{}', 0,
         iif($state = 'scheduled', 1e15 + n % $times, NULL), iif($state = 'failed', n % $times, NULL), $suspect
    FROM task`;

/** Tasks by hand: pushing them takes longer. */
function fill({ path }: TestStore, { state, count, ...more }: Filled): void {
  using db = new Database(path, { strict: true });
  const values = { queues: 3, times: 10, priorities: 1, suspect: 0, ...more };
  db.query(FILL).run({ state, count, ...values });
}

async function recount({ store }: TestStore): Promise<boolean> {
  const changes = await Array.fromAsync(store.recount());
  return changes.includes(true);
}

async function queues({ store }: TestStore): Promise<readonly QueueStatus[]> {
  return (await store.status()).queues;
}

async function numbers(subject: TestStore) {
  return (await queues(subject)).map(({ queue, scheduled, ready, failed }) => {
    return [queue, scheduled, ready, failed];
  });
}

test("a status says the least where nothing has counted yet, and is exact for what is few", async () => {
  await using subject = makeStore();
  fill(subject, { state: "failed", count: 6_000 });
  await pushOne(subject.store, { queue: "q1" });
  const found = await queues(subject);
  expect(found.map(({ failed }) => failed).reduce((a, b) => a + b, 0)).toBe(1_000);
  for (const queue of found) expect(queue).toMatchObject({ at_least: true, least: ["failed"] });
  expect(found.find(({ queue }) => queue === "q1")?.ready).toBe(1);
});

test("a recount finds all tasks of each queue, whatever times, priorities and places they share", async () => {
  await using subject = makeStore();
  fill(subject, { state: "failed", count: 7_000, times: 2 });
  fill(subject, { state: "scheduled", count: 8_001, times: 7_999 });
  fill(subject, { state: "ready", count: 60_000, times: 3 });
  fill(subject, { state: "ready", count: 45_000, times: 45_000, priorities: 5 });
  fill(subject, { state: "ready", count: 6_000, suspect: 2 });
  fill(subject, { state: "ready", count: 30, suspect: 3, queues: 2 });
  using db = new Database(subject.path, { readonly: true });
  const said = db.query("SELECT queue, scheduled, ready, failed FROM tq_queues ORDER BY queue");
  const now = subject.clock.now();
  expect(await recount(subject)).toBe(true);
  // In the last queue so many ready tasks are counted that the others leave.
  expect(await numbers(subject)).toEqual(said.values() as (string | number)[][]);
  const [first] = await queues(subject);
  expect(first?.at_least).toBeUndefined();
  expect(first?.about).toEqual({ failed: now, scheduled: now, ready: now });
  expect(await recount(subject)).toBe(false);
});

test("a recount finds tasks that are few among all, and leaps over ids that are gone", async () => {
  await using subject = makeStore();
  fill(subject, { state: "ready", count: 150_000 });
  fill(subject, { state: "failed", count: 5_500, times: 3 });
  fill(subject, { state: "scheduled", count: 20_000 });
  using db = new Database(subject.path);
  db.run("UPDATE tq__task SET id = id + 100000 WHERE state = 'scheduled' AND id % 2 = 0");
  await recount(subject);
  const kept = db.query(
    "SELECT part, sum(tasks) FROM tq__count WHERE part <> 'line' GROUP BY part ORDER BY part",
  );
  expect(kept.values()).toEqual([
    ["failed", 5_500],
    ["scheduled", 20_000],
  ]);
});

test("no step of a recount sorts, and each begins where the last one has ended", async () => {
  await using subject = makeStore();
  fill(subject, { state: "ready", count: 160_000, times: 2 });
  fill(subject, { state: "ready", count: 5_001, suspect: 2 });
  fill(subject, { state: "failed", count: 5_001 });
  fill(subject, { state: "scheduled", count: 20_000 });
  const statements = await statementsOf(() => recount(subject));
  const plans = statements.flatMap((sql) => planOf(subject.path, sql));
  expect(plans.filter((line) => line.includes("TEMP B-TREE"))).toEqual([]);
  const used = new Set(plans.map((line) => / INDEX (tq__\w+)/.exec(line)?.[1]));
  for (const index of ["ready", "suspect", "ended"]) expect(used).toContain(`tq__task_${index}`);
  // Those that are many are read by their ids.
  expect(plans).toContain("SEARCH tq__task USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)");
});

test("a count is of the time when it was made until the next one, and of now once there are few", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const ids = await store.push(
    Array.from({ length: 6_000 }, () => newTask({ scheduledAt: clock.now() + 1e6 })),
  );
  await recount(subject);
  const counted = clock.now();
  clock.advance(60_000);
  await store.moveMany({ kind: "cancel" }, ids.slice(0, 100), {});
  const about = { queue: "default", scheduled: 6_000, about: { scheduled: counted } };
  expect(await queues(subject)).toMatchObject([about]);
  await recount(subject);
  expect(await queues(subject)).toMatchObject([
    { scheduled: 5_900, about: { scheduled: clock.now() } },
  ]);
  await store.moveMany({ kind: "cancel" }, ids, {});
  await pushOne(store);
  const [queue] = await queues(subject);
  expect(queue).toMatchObject({ scheduled: 0, ready: 1 });
  expect(queue?.about).toBeUndefined();
  await recount(subject);
  using db = new Database(subject.path, { readonly: true });
  expect(db.query("SELECT count(*) AS count FROM tq__count").get()).toEqual({ count: 0 });
});

test("a recount tells queues apart whose names are not UTF-8, and ends", async () => {
  await using subject = makeStore();
  fill(subject, { state: "ready", count: 50_001, queues: 1 });
  using db = new Database(subject.path);
  db.run("UPDATE tq__task SET queue = CAST(x'ff41' AS TEXT) WHERE id <= 10");
  db.run("UPDATE tq__task SET queue = CAST(x'f09f8d8e' AS TEXT) WHERE id BETWEEN 11 AND 15");
  await recount(subject);
  const kept = db.query("SELECT queue, tasks FROM tq__count").values();
  expect(Object.fromEntries(kept)).toEqual({ q0: 49_986, "\ufffdA": 10, "🍎": 5 });
});

test("a recount leaves the claims of tasks, and their order, as they are", async () => {
  await using subject = makeStore();
  fill(subject, { state: "ready", count: 50_100, queues: 1 });
  for await (const _ of subject.store.recount()) {
    await claimFirst(subject.store, { queues: ["q0"] });
  }
  const [queue] = await queues(subject);
  expect(queue?.running).toBeGreaterThan(0);
  expect(queue?.ready).toBeGreaterThanOrEqual(50_000);
});
