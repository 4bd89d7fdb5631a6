/**
 * Whatever workers, clocks and kills do, no slot's task is pushed twice; and where no clock was set, each slot that came
 * while there was the definition has its row, or is one of those for which a row stands.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { decide } from "../../src/cron/decide.ts";
import { type CronDefinition, readCron } from "../../src/cron/definition.ts";
import { BACK_MS, endOfRemoved } from "../../src/cron/left-slots.ts";
import { slotsBetween } from "../../src/cron/slots.ts";
import type { CronSlot, CronText } from "../../src/cron/ledger.ts";
import type { Store } from "../../src/store/store.ts";
import { errorOf } from "../support/error.ts";
import { makeStore, type TestStore } from "../support/store.ts";
import { holds, PATIENCE } from "./support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WORKERS = 3;

/** ms */
const TIME = 8_000;

type Step =
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "set the clock"; readonly ms: number }
  | { readonly do: "wait and look"; readonly ms: number; readonly workers: readonly number[] }
  | { readonly do: "die while it decides"; readonly worker: number }
  | { readonly do: "end a task" }
  | { readonly do: "edit"; readonly priority: number }
  | { readonly do: "pause"; readonly ms: number | null }
  | { readonly do: "resume" | "take away" | "bring back" };

const workers = fc.array(fc.nat(WORKERS - 1), { minLength: 1, maxLength: WORKERS });

/** Waits of minutes, hours and days. */
const waits = fc.oneof(
  fc.integer({ min: 1, max: 3 * MINUTE }),
  fc.integer({ min: 1, max: 2 * HOUR }),
  fc.integer({ min: 1, max: 2 * DAY }),
);

const QUIET: fc.WeightedArbitrary<Step>[] = [
  { weight: 8, arbitrary: fc.record({ do: fc.constant("wait and look"), ms: waits, workers }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait"), ms: waits }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("die while it decides"), worker: fc.nat(WORKERS - 1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end a task") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("edit"), priority: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("pause"), ms: fc.option(waits, { nil: null }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("resume", "take away", "bring back", "bring back"),
    }),
  },
];

const jumps = fc.constantFrom(
  -20 * MINUTE,
  -3 * HOUR,
  -DAY,
  -40_000,
  3 * HOUR,
  400 * DAY,
  -400 * DAY,
);

const ANYTHING: fc.WeightedArbitrary<Step>[] = [
  ...QUIET,
  { weight: 3, arbitrary: fc.record({ do: fc.constant("set the clock"), ms: jumps }) },
];

function steps(kinds: fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof(...kinds), { minLength: 5, maxLength: 40 });
}

const definitions = fc.record({
  task: fc.constant("night.run"),
  schedule: fc.constantFrom("every 1m", "*/7 * * * *", "30 2 * * *", "0 * * * *", "every 11h"),
  time_zone: fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
  missed: fc.constantFrom("once", "skip", "all"),
  overlap: fc.constantFrom("allow", "skip", "wait"),
  catch_up: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 20 }) },
    { weight: 1, arbitrary: fc.constant(100) },
  ),
});

/** Looks as the clock of a worker does. */
function look(store: Store, definition: CronDefinition): Promise<CronSlot[]> {
  return store.cron.decide(definition.name, (state, now) =>
    state.row.removedAt === null ? decide(definition, state, now) : endOfRemoved(state, now),
  );
}

async function dieWhileDeciding(store: Store, definition: CronDefinition): Promise<void> {
  const dying = store.cron.decide(definition.name, (state, now) => {
    decide(definition, state, now);
    throw new Error("it was killed");
  });
  expect((await errorOf(dying)).message).toBe("it was killed");
}

async function endOne(store: Store): Promise<void> {
  const [task] = await store.list({ states: ["ready"], limit: 1 });
  if (task !== undefined) await store.cancel(task.id);
}

/** A span of time: the first is not in it. */
type Span = readonly [after: number, until: number];

/** @returns the times at which there was the definition. */
async function play(
  test: TestStore,
  definition: CronDefinition,
  list: readonly Step[],
): Promise<readonly Span[]> {
  const { store, clock } = test;
  const stores = Array.from({ length: WORKERS }, () => test.open());
  const of = (worker: number): Store => stores[worker] ?? store;
  const source = [{ name: definition.name, definition: definition.text }];
  const define = (definitions: CronText[]) =>
    store.cron.define({ origin: "/shop/tq.toml", definitions });
  await define(source);
  const spans: Span[] = [];
  let since: number | null = clock.now();
  let removedAt = 0;
  for (const step of list) {
    switch (step.do) {
      case "wait":
        clock.advance(step.ms);
        break;
      case "wait and look":
        clock.advance(step.ms);
        await Promise.all(step.workers.map((worker) => look(of(worker), definition)));
        break;
      case "set the clock":
        clock.advance(step.ms);
        break;
      case "die while it decides":
        await dieWhileDeciding(of(step.worker), definition);
        break;
      case "end a task":
        await endOne(store);
        break;
      case "edit":
        await store.cron.override(definition.name, ({ override }) => ({
          ...override,
          priority: step.priority,
        }));
        break;
      case "pause": {
        const at = clock.now();
        const pause = { by: "root@shop", at, reason: null, until: step.ms && at + step.ms };
        await store.cron.override(definition.name, () => ({ pause }));
        break;
      }
      case "resume":
        await store.cron.override(definition.name, () => ({}));
        break;
      case "take away":
        await define([]);
        if (since !== null) spans.push([since, (removedAt = clock.now())]);
        since = null;
        break;
      case "bring back": {
        await define(source);
        const isSame = clock.now() - removedAt <= BACK_MS;
        since ??= (isSame && spans.pop()?.[0]) || clock.now();
        break;
      }
    }
  }
  return since === null ? spans : [...spans, [since, Infinity]];
}

/** More tasks than any list of steps pushes: without a limit a list has the newest hundred. */
const ALL = 1_000_000;

/** The slots of the tasks that were pushed, also of those that have ended. */
async function pushedSlots(store: Store): Promise<number[]> {
  const tasks = await store.list({ limit: ALL });
  return tasks.map(({ context }) => (context as { cron: { slot: number } }).cron.slot);
}

test(
  "no slot's task is pushed twice, whatever workers, clocks and kills do",
  async () => {
    await holds(TIME, [definitions, steps(ANYTHING)], async (said, list) => {
      await using test = makeStore();
      await play(test, readCron("it", said, "[cron.it]"), list);
      const slots = await pushedSlots(test.store);
      expect(sorted(slots)).toEqual(sorted([...new Set(slots)]));
    });
  },
  PATIENCE,
);

test(
  "each slot of the definition has a row, or one that stands for it, and a task where its row says so",
  async () => {
    await holds(TIME, [definitions, steps(QUIET)], async (said, list) => {
      await using test = makeStore();
      const { store, clock } = test;
      const definition = readCron("it", said, "[cron.it]");
      const spans = await play(test, definition, list);
      clock.advance(BACK_MS + 1);
      await look(store, definition);
      const rows = (await store.cron.slots("it", KEPT)).toReversed();
      const wanted = spans.flatMap(([after, until]) =>
        allSlots(definition, [after, Math.min(until, clock.now())]),
      );
      const isDecided = isDecidedBy(rows);
      const kept = rows.length < KEPT ? -Infinity : (rows[0]?.slot ?? 0);
      expect(wanted.filter((slot) => slot >= kept && !isDecided(slot))).toEqual([]);
      const all = new Set(wanted);
      expect(rows.filter(({ slot }) => !all.has(slot))).toEqual([]);
      for (const { outcome, task } of rows) expect(task !== null).toBe(outcome === "pushed");
      const outcomes = new Set(rows.map(({ outcome }) => outcome));
      if (said.overlap === "allow") expect(outcomes.has("skipped")).toBe(false);
      if (said.overlap !== "wait") expect(outcomes.has("waiting")).toBe(false);
      const most = said.missed === "all" ? said.catch_up : 1;
      expect(rows.filter(({ outcome }) => outcome === "waiting").length).toBeLessThanOrEqual(most);
      const known = new Set(rows.map(({ slot }) => slot));
      const pushed = rows.filter(({ outcome }) => outcome === "pushed").map(({ slot }) => slot);
      const slots = (await pushedSlots(store)).filter((slot) => known.has(slot));
      expect(sorted(slots)).toEqual(sorted(pushed));
    });
  },
  PATIENCE,
);

/** The ledger keeps no more. */
const KEPT = 1_000;

function allSlots({ schedule }: CronDefinition, [after, until]: Span): number[] {
  return slotsBetween(schedule, after + 1, until + 1);
}

/** By a row of its own, or by one that stands for it. */
function isDecidedBy(rows: readonly CronSlot[]): (slot: number) => boolean {
  const own = new Set(rows.map(({ slot }) => slot));
  const spans = rows.filter(({ firstSlot }) => firstSlot !== null);
  return (slot) =>
    own.has(slot) || spans.some((one) => (one.firstSlot ?? 0) <= slot && slot <= one.slot);
}

function sorted(slots: readonly number[]): number[] {
  return slots.toSorted((a, b) => a - b);
}
