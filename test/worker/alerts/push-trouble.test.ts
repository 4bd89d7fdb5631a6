/** Refused pushes are told also where the database cannot keep that they are to be told. */
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { TqError } from "../../../src/errors.ts";
import type { Event } from "../../../src/log/events.ts";
import type { Channel } from "../../../src/worker/alerts/channels.ts";
import { PushTrouble } from "../../../src/worker/alerts/push-trouble.ts";
import { makeStore, type TestStore } from "../../support/store.ts";

const MINUTE = 60_000;
const FULL = "Cannot push: the disk is full";

let subject: TestStore;
let events: Event[];
let sent: { readonly failures: readonly { readonly reason: string }[] }[];
/** Why an alert fails; null: it goes. */
let answer: string | null;
let refusal: () => string | null;
/** The questions that the database was asked. */
let kept: string[];
/** The disk has no room at all. */
let isFull: boolean;

beforeEach(() => {
  jest.useFakeTimers();
  subject = makeStore();
  [events, sent, kept, answer, isFull] = [[], [], [], null, true];
  refusal = () => (isFull ? FULL : null);
  subject.store.pushRefusal = async () => refusal();
  subject.store.failures.trouble = async (words) => {
    if (isFull) throw new Error(FULL);
    kept.push(words);
  };
});

afterEach(async () => {
  jest.useRealTimers();
  await subject[Symbol.asyncDispose]();
});

function start(): PushTrouble {
  const send: Channel["send"] = async ({ json }) => {
    if (answer === null) sent.push(JSON.parse(json) as (typeof sent)[number]);
    return answer;
  };
  return new PushTrouble({
    store: subject.store,
    report: (event) => void events.push(event),
    channels: [{ name: "command", key: "command", send }],
    every: MINUTE,
    signal: new AbortController().signal,
  });
}

/** Looks as often as a worker does. */
async function pass(trouble: PushTrouble, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await trouble.look();
    jest.advanceTimersByTime(10_000);
  }
}

test("a disk without any room is told once, without the database", async () => {
  const trouble = start();
  await pass(trouble, 3 * MINUTE);
  isFull = false;
  await pass(trouble, 3 * MINUTE);
  expect(sent).toMatchObject([
    { count: 1, failures: [{ task: null, call: "worker", reason: FULL }] },
  ]);
  expect(events).toMatchObject([{ name: "alert.sent", channel: "command", count: 1, ids: [] }]);
  expect(kept).toEqual([]);
});

test("a disk that is full again and again is told once a minute", async () => {
  const trouble = start();
  for (let seconds = 0; seconds < 120; seconds += 20, isFull = !isFull) await pass(trouble, 20_000);
  expect(sent.length + kept.length).toBe(2);
});

test("where the alert of a full disk fails, the database has it told once the disk has room", async () => {
  const trouble = start();
  answer = "no";
  await pass(trouble, MINUTE);
  expect(events).toMatchObject([{ name: "alert.failed", reason: "no", delay: 2 * MINUTE }]);
  isFull = false;
  expect(await trouble.look()).toBe(true);
  expect(kept).toEqual([FULL]);
  expect(await trouble.look()).toBe(false);
});

test("a disk with errors is told, a lock that another program holds is not", async () => {
  const trouble = start();
  refusal = () => {
    throw new TqError("busy", "Cannot write");
  };
  await pass(trouble, MINUTE);
  expect(sent).toEqual([]);
  refusal = () => {
    throw new TqError("database", "Cannot use tq.db: disk I/O error");
  };
  await pass(trouble, MINUTE);
  expect(sent).toMatchObject([{ failures: [{ reason: "Cannot use tq.db: disk I/O error" }] }]);
});
