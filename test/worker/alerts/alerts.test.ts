/** When a worker tells of failures, and that no alert holds it up. */
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import type { Event } from "../../../src/log/events.ts";
import { parseSettings } from "../../../src/settings/config.ts";
import { Alerts } from "../../../src/worker/alerts/alerts.ts";
import type { Channel } from "../../../src/worker/alerts/channels.ts";
import { claimFirst, makeStore, pushOne, type TestStore } from "../../support/store.ts";

const MINUTE = 60_000;

let subject: TestStore;
let events: Event[];
let sent: { readonly count: number; readonly failures: readonly { readonly task: number }[] }[];
let failed: number;
let answer: (signal: AbortSignal) => Promise<string | null>;
const made: Alerts[] = [];

beforeEach(() => {
  jest.useFakeTimers();
  subject = makeStore();
  [events, sent, failed] = [[], [], 0];
  answer = () => Promise.resolve(null);
});

afterEach(async () => {
  for (const alerts of made.splice(0)) {
    alerts.cut();
    await settled(alerts.end(0));
  }
  jest.useRealTimers();
  await subject[Symbol.asyncDispose]();
});

async function settled<T>(promise: Promise<T>): Promise<T> {
  jest.advanceTimersByTime(0);
  return promise;
}

/** Lets begun work go on, without time passing. */
async function turn(): Promise<void> {
  for (let turns = 0; turns < 100; turns++) await Promise.resolve();
}

/** Time passes by the clock of the store and by that of the timers. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    subject.clock.advance(1_000);
    jest.advanceTimersByTime(1_000);
    await turn();
  }
}

async function start(id = "worker-1", names: readonly Channel["name"][] = ["command"]) {
  const send: Channel["send"] = async ({ json }, signal) => {
    sent.push(JSON.parse(json) as (typeof sent)[number]);
    return answer(signal);
  };
  const alerts = new Alerts({
    id,
    config: parseSettings({ alert: { command: "mail" } }, "the test"),
    store: id === "worker-1" ? subject.store : subject.open(),
    report: (event) => void events.push(event),
    failed: () => failed,
    channels: names.map((name) => ({ name, key: name, send })),
  });
  made.push(alerts);
  await alerts.watch();
  alerts.start();
  await turn();
  return alerts;
}

async function failOne(): Promise<number> {
  const id = await pushOne(subject.store);
  const task = await claimFirst(subject.store);
  const error = { name: "Error", message: "no", stack: null };
  await subject.store.write((session) => session.settle(task, { kind: "failed", error }));
  failed += 1;
  return id;
}

const counts = () => sent.map(({ count }) => count);
const names = () => events.map(({ name }) => name);

test("the first failure is told at once, those of the next minute together at its end", async () => {
  const alerts = await start();
  const first = await failOne();
  alerts.check();
  await turn();
  expect(sent).toMatchObject([{ count: 1, failures: [{ task: first }] }]);
  for (let i = 0; i < 3; i++) {
    await failOne();
    alerts.check();
    await pass(5_000);
  }
  expect(counts()).toEqual([1]);
  await pass(MINUTE);
  expect(counts()).toEqual([1, 3]);
  await pass(5 * MINUTE);
  expect(counts()).toEqual([1, 3]);
  expect(events).toMatchObject([
    { name: "alert.sent", channel: "command", count: 1, ids: [first] },
    { name: "alert.sent", count: 3 },
  ]);
});

test("a failure that another process has written is told soon, and one of before the start at once", async () => {
  await start();
  await failOne();
  await pass(10_000);
  expect(counts()).toEqual([1]);
  made[0]?.cut();
  await failOne();
  subject.clock.advance(2 * MINUTE);
  await start("worker-2");
  expect(counts()).toEqual([1, 1]);
});

test("of two workers on one database one tells", async () => {
  const { store } = subject;
  for (const id of ["worker-1", "worker-2"])
    await store.register({ id, pid: 1, threads: 1, queues: [] });
  const [one, two] = [await start(), await start("worker-2")];
  for (let i = 0; i < 4; i++) await failOne();
  one.check();
  two.check();
  await turn();
  await pass(3 * MINUTE);
  expect(counts()).toEqual([4]);
  for (const id of ["worker-1", "worker-2"]) await store.unregister(id);
});

test("an alert that fails is tried again after growing pauses, with the failures since", async () => {
  answer = () => Promise.resolve("it exited with 1");
  const alerts = await start();
  await failOne();
  alerts.check();
  await turn();
  expect(events).toMatchObject([
    { name: "alert.failed", reason: "it exited with 1", delay: MINUTE },
  ]);
  await failOne();
  alerts.check();
  await pass(MINUTE);
  expect(counts()).toEqual([1, 2]);
  await pass(MINUTE);
  expect(counts()).toEqual([1, 2]); // the second pause is twice as long
  answer = () => Promise.resolve(null);
  await pass(2 * MINUTE);
  expect(counts()).toEqual([1, 2, 2]);
  expect(names()).toEqual(["alert.failed", "alert.failed", "alert.sent"]);
  await failOne();
  alerts.check();
  await pass(MINUTE);
  expect(counts()).toEqual([1, 2, 2, 1]);
});

test("a clock that is set back by a day loses no failure", async () => {
  const alerts = await start();
  await failOne();
  alerts.check();
  await turn();
  subject.clock.advance(-24 * 60 * MINUTE);
  await failOne();
  alerts.check();
  await turn();
  expect(counts()).toEqual([1, 1]);
  subject.clock.advance(48 * 60 * MINUTE);
  await failOne();
  alerts.check();
  await turn();
  expect(counts()).toEqual([1, 1, 1]);
});

test("a worker that stops tells what is left, and gives up an alert that hangs: it goes at the next start", async () => {
  const alerts = await start();
  await failOne();
  await alerts.end(30_000);
  expect(counts()).toEqual([1]);
  subject.clock.advance(2 * MINUTE);

  answer = (signal) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve("given up")));
  const hanging = await start();
  await failOne();
  hanging.check();
  await turn();
  expect(counts()).toEqual([1, 1]);
  const ending = hanging.end(3_000);
  jest.advanceTimersByTime(3_000);
  await ending;
  expect(events.at(-1)).toMatchObject({ name: "alert.failed", reason: "given up" });

  answer = () => Promise.resolve(null);
  subject.clock.advance(2 * MINUTE);
  await start();
  expect(counts()).toEqual([1, 1, 1]);
});

test("a worker that is stopped tells what is left though every has not passed; one that drains leaves it", async () => {
  const alerts = await start();
  const failAndLook = async (): Promise<void> => {
    await failOne();
    alerts.check();
    await turn();
  };
  await failAndLook();
  await failAndLook();
  await failAndLook();
  expect(counts()).toEqual([1]);
  await alerts.end(30_000, { heedsEvery: false });
  expect(counts()).toEqual([1, 2]);

  const draining = await start();
  await failOne();
  await draining.end(30_000);
  expect(counts()).toEqual([1, 2]);
});

test("a way that hangs does not hold up the other one", async () => {
  let asked = 0;
  answer = () => (asked++ === 0 ? new Promise(() => {}) : Promise.resolve(null));
  const alerts = await start("worker-1", ["url", "command"]);
  await failOne();
  alerts.check();
  await turn();
  expect(names()).toEqual(["alert.sent"]);
  made.splice(0); // the hanging one never ends
});

test("pushes that are refused are told once, until they are taken again", async () => {
  let refusal: string | null = null;
  subject.store.pushRefusal = () => Promise.resolve(refusal);
  await start();
  refusal = "Cannot push: the disk is nearly full";
  await pass(3 * MINUTE);
  expect(sent).toMatchObject([{ count: 1, failures: [{ task: null, reason: refusal }] }]);
  const again = refusal;
  refusal = null;
  await pass(MINUTE);
  refusal = again;
  await pass(MINUTE);
  expect(counts()).toEqual([1, 1]);
});

test("a worker that cannot start tells why", async () => {
  const alerts = await start();
  await alerts.cannotStart(new Error("Cannot load models from models.ts"));
  expect(sent).toMatchObject([{ failures: [{ reason: "Cannot load models from models.ts" }] }]);
});

test("a change of what is wanted says which failures that are there it passes over", async () => {
  const { store } = subject;
  const watch = store.failures.watch.bind(store.failures);
  await failOne();
  let passedOver = 0;
  store.failures.watch = async (...asked) => (await watch(...asked)) + passedOver;
  expect(await (await start()).problems({})).toEqual([]);
  passedOver = 3;
  expect(await (await start()).problems({})).toEqual([
    "[alert] has changed: of 3 failed tasks that it did not want before it does not tell, as more than a week has passed, or as there was no alert then; see tq list --state failed",
  ]);
});

test("without a way to tell, nothing is looked for", async () => {
  const alerts = await start("worker-1", []);
  await failOne();
  alerts.check();
  await pass(MINUTE);
  await alerts.end(30_000);
  expect(events).toEqual([]);
});
