/** Tasks and slots that no worker takes, and a worker that is only started again. */
import { expect, test } from "bun:test";
import { TQ_ORIGIN } from "../../src/cron/ledger.ts";
import { OWN_DEFINITIONS } from "../../src/cron/own.ts";
import {
  abandoned,
  undecidedSlots,
  unservedReady,
} from "../../src/doctor/checks/unserved-ready.ts";
import { Examination } from "../../src/doctor/examination.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { claimFirst, makeStore, newTask, type TestStore } from "../support/store.ts";

const CHECKS = [unservedReady, abandoned, undecidedSlots];

async function reasons({ store }: TestStore, mode: "worker" | "no worker" = "worker") {
  const of = new Examination({ store, config: parseSettings({}, "test"), mode });
  const found: string[] = [];
  for (const check of CHECKS)
    if ((await check.find(of, "ready")).length > 0) found.push(check.name);
  return found;
}

test("tasks that wait for a worker that is started again are no fault for 5 s", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  await store.push([newTask(), newTask()]);
  clock.advance(60_000);
  expect(await reasons(subject)).toEqual(["no_worker_for_ready_tasks"]);
  const ran = await claimFirst(store);
  await store.write((session) =>
    session.settle(ran, { kind: "finished", result: null, reason: null }),
  );
  expect(await reasons(subject)).toEqual([]);
  clock.advance(4_999);
  expect(await reasons(subject)).toEqual([]);
  clock.advance(1);
  expect(await reasons(subject)).toEqual(["no_worker_for_ready_tasks"]);
});

test("an end that seems to be in the future, as the clock was set back, hides no fault", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  await store.push([newTask(), newTask()]);
  const pushed = clock.now();
  clock.advance(3_600_000);
  const ran = await claimFirst(store);
  await store.write((session) =>
    session.settle(ran, { kind: "finished", result: null, reason: null }),
  );
  clock.advance(pushed + 60_000 - clock.now());
  expect(await reasons(subject)).toEqual(["no_worker_for_ready_tasks"]);
});

test("a slot of a recurring task that no worker has decided is a fault, where workers run the tasks", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  clock.advance(3_600_000 - (clock.now() % 3_600_000));
  const definition = JSON.stringify({ schedule: "every 1h", task: "note.count", time_zone: "UTC" });
  await store.cron.add("database", { name: "hourly", definition });
  clock.advance(30 * 60_000);
  expect(await reasons(subject)).toEqual([]);
  clock.advance(31 * 60_000);
  expect(await reasons(subject)).toEqual(["no_worker_for_recurring_tasks"]);
  expect(await reasons(subject, "no worker")).toEqual([]);
  const pause = { by: "ana", at: clock.now(), reason: null, until: null };
  await store.cron.override("hourly", () => ({ pause }));
  expect(await reasons(subject)).toEqual([]);
});

test("a slot of tq's own is no fault where workers are started only while there are tasks", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  await store.cron.define({ origin: TQ_ORIGIN, definitions: OWN_DEFINITIONS });
  clock.advance(5 * 3_600_000);
  expect(await reasons(subject)).toEqual([]);
});
