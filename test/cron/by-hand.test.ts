/** A recurring task that a person runs, beside its schedule. */
import { expect, test } from "bun:test";
import { runByHand } from "../../src/cron/by-hand.ts";
import { readCron } from "../../src/cron/definition.ts";
import type { CronState } from "../../src/cron/ledger.ts";

const NOON = Date.UTC(2026, 10, 2, 12);
const BY = { by: "root@shop", force: false };

function define(more: object = {}) {
  return readCron("hourly", { schedule: "@hourly", task: "night.run", ...more }, "[cron.hourly]");
}

function stateOf(more: Partial<CronState> = {}): CronState {
  const row = {
    name: "hourly",
    origin: "/shop/tq.toml",
    kind: "settings" as const,
    held: true,
    heldSince: 0,
    leftAt: null,
    isUnknown: false,
    others: [],
    definition: define().text,
    override: {},
    decidedUntil: NOON - 3_600_000,
    former: [],
    zone: null,
    removedAt: null,
    waiting: null,
    waitingCount: 0,
  };
  return { row, taken: new Set(), unfinished: null, working: null, share: 0.5, ...more };
}

test("a run by hand pushes its task at once, and decides no slot of the schedule", () => {
  const { slots, decidedUntil } = runByHand(define({ jitter: "5m" }), stateOf(), NOON + 7, BY);
  expect(decidedUntil).toBe(NOON - 3_600_000);
  expect(slots).toMatchObject([
    { slot: NOON + 7, outcome: "pushed", reason: "run by hand by root@shop" },
  ]);
  expect(slots[0]?.task).toMatchObject({ model: "night", method: "run", scheduledAt: null });
  expect(slots[0]?.task?.context).toBe(`{"cron":{"name":"hourly","slot":${NOON + 7}}}`);
});

test("a run by hand takes no slot of the schedule, and none that is taken", () => {
  const state = stateOf({ taken: new Set([NOON + 1]) });
  expect(runByHand(define(), state, NOON, BY).slots[0]?.slot).toBe(NOON + 2);
});

test.each(["skip", "wait"])(
  "with overlap = %j it waits for the end of the task before",
  (overlap) => {
    const state = stateOf({ unfinished: 41 });
    expect(() => runByHand(define({ overlap }), state, NOON, BY)).toThrow(
      `Cannot run hourly now: its task 41 has not ended, and its overlap is "${overlap}"; wait for it (tq watch 41), or run both with --force`,
    );
    const forced = runByHand(define({ overlap }), state, NOON, { ...BY, force: true });
    expect(forced.slots).toHaveLength(1);
  },
);

test("with overlap = allow two run at once", () => {
  expect(runByHand(define(), stateOf({ unfinished: 41 }), NOON, BY).slots).toHaveLength(1);
});

test("what tq itself does has no task: its slot waits for a worker", () => {
  const clean = readCron("tq.clean", { schedule: "@hourly", task: "tq.clean" }, "tq.clean");
  expect(runByHand(clean, stateOf(), NOON, BY).slots).toEqual([
    { slot: NOON, outcome: "waiting", reason: "run by hand by root@shop", task: null },
  ]);
});
