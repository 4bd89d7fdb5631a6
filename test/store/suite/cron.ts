/** Recurring tasks: each slot is decided once, in the transaction that pushes its task. */
import { describe, expect, test } from "bun:test";
import type { CronDecision, CronSlot, DecidedSlot } from "../../../src/cron/ledger.ts";
import type { Store } from "../../../src/store/store.ts";
import { newTask } from "../../support/store.ts";
import { claimIds, clock, finish, store, subject } from "./subject.ts";
import { errorOf } from "../../support/error.ts";
import { claimFirst } from "../../support/store.ts";

const FILE = "/shop/tq.toml";
const NIGHTLY = { name: "nightly", definition: '{"schedule":"@daily","task":"night.run"}' };
const HOURLY = { name: "hourly", definition: '{"schedule":"@hourly","task":"night.run"}' };

function pushed(slot: number): DecidedSlot {
  return { slot, outcome: "pushed", reason: null, task: newTask({ model: "night" }) };
}

function passed(slot: number, outcome: "missed" | "waiting" | "skipped"): DecidedSlot {
  return { slot, outcome, reason: "it was so", task: null };
}

function decideAll(slots: readonly DecidedSlot[], of: Store = store): Promise<CronSlot[]> {
  const decidedUntil = slots.at(-1)?.slot ?? clock.now();
  return of.cron.decide("nightly", () => ({ slots, decidedUntil }));
}

/** Decides the slots that are not decided yet, as a worker does. */
function decideNew(slots: readonly number[], of: Store): Promise<CronSlot[]> {
  return of.cron.decide("nightly", ({ row, taken }): CronDecision | null => {
    const open = slots.filter((slot) => slot > row.decidedUntil && !taken.has(slot));
    const last = open.at(-1);
    return last === undefined ? null : { slots: open.map(pushed), decidedUntil: last };
  });
}

async function row(name = "nightly") {
  return (await store.cron.rows()).find((one) => one.name === name);
}

export function cronTests(): void {
  describe("the definition of a recurring task", () => {
    test("counts from when it was first seen", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY, HOURLY] });
      expect(await store.cron.rows()).toEqual(
        [HOURLY, NIGHTLY].map((one) => ({
          ...one,
          origin: FILE,
          kind: "settings" as const,
          held: true,
          heldSince: clock.now(),
          leftAt: null,
          isUnknown: false,
          others: [],
          override: {},
          decidedUntil: clock.now(),
          former: [],
          zone: null,
          removedAt: null,
          waiting: null,
          waitingCount: 0,
        })),
      );
    });

    test("that stays as it is changes nothing", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const first = await row();
      clock.advance(5_000);
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      expect(await row()).toEqual(first);
    });

    test("that changes in anything but its times goes on where it was", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const before = await row();
      clock.advance(5_000);
      const definition = '{"attempts":3,"schedule":"@daily","task":"night.run"}';
      await store.cron.define({ origin: FILE, definitions: [{ name: "nightly", definition }] });
      expect(await row()).toEqual({ ...before, definition } as typeof before);
    });

    test("with other times keeps its former ones until their slots are decided", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const began = clock.now();
      clock.advance(5_000);
      const definition = '{"schedule":"@weekly","task":"night.run"}';
      await store.cron.define({ origin: FILE, definitions: [{ name: "nightly", definition }] });
      const changed = clock.now();
      const former = [{ schedule: "@daily", zone: null, until: changed }];
      expect(await row()).toMatchObject({ definition, decidedUntil: began, former });
      await store.cron.decide("nightly", () => ({ slots: [], decidedUntil: changed - 1 }));
      expect(await row()).toMatchObject({ former });
      await store.cron.decide("nightly", () => ({ slots: [], decidedUntil: changed }));
      expect(await row()).toMatchObject({ former: [] });
    });

    test("forgets former times of a clock that was ahead", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const began = clock.now();
      clock.advance(86_400_000);
      const definition = '{"schedule":"@weekly","task":"night.run"}';
      await store.cron.define({ origin: FILE, definitions: [{ name: "nightly", definition }] });
      clock.advance(-86_400_000);
      await store.cron.decide("nightly", () => ({ slots: [], decidedUntil: began }));
      expect(await row()).toMatchObject({ former: [] });
    });

    test("that its file does not have any more is removed; back later it counts from then", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY, HOURLY] });
      clock.advance(5_000);
      await store.cron.define({ origin: FILE, definitions: [HOURLY] });
      expect(await row()).toMatchObject({ removedAt: clock.now() });
      expect(await row("hourly")).toMatchObject({ removedAt: null });
      clock.advance(60_001);
      await store.cron.define({ origin: FILE, definitions: [HOURLY, NIGHTLY] });
      expect(await row()).toMatchObject({ removedAt: null, decidedUntil: clock.now() });
    });

    test("that is back within a minute goes on: half of its file had been saved", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY, HOURLY] });
      const before = await row();
      await store.cron.define({ origin: FILE, definitions: [HOURLY] });
      clock.advance(60_000);
      await store.cron.define({ origin: FILE, definitions: [HOURLY, NIGHTLY] });
      expect<unknown>(await row()).toEqual({ ...before, heldSince: clock.now() });
    });

    test("of one file does not remove those of another", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      await store.cron.define({ origin: "/shop/models.ts", definitions: [HOURLY] });
      await store.cron.define({ origin: "/shop/models.ts", definitions: [] });
      expect(await row()).toMatchObject({ removedAt: null });
      expect(await row("hourly")).toMatchObject({ removedAt: clock.now() });
    });
  });

  describe("the slots of a recurring task", () => {
    test("are pushed and written together", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const at = clock.now();
      const rows = await decideAll([passed(at + 1, "missed"), pushed(at + 2)]);
      expect(rows).toEqual([
        {
          cron: "nightly",
          slot: at + 1,
          firstSlot: null,
          decidedAt: at,
          outcome: "missed",
          reason: "it was so",
          task: null,
        },
        {
          cron: "nightly",
          slot: at + 2,
          firstSlot: null,
          decidedAt: at,
          outcome: "pushed",
          reason: null,
          task: 1,
        },
      ]);
      expect(await store.cron.slots("nightly", 10)).toMatchObject([
        { ...rows[1], state: "ready" },
        { ...rows[0], state: null },
      ]);
      expect(await store.get(1)).toMatchObject({ model: "night", state: "ready" });
      expect(await row()).toMatchObject({ decidedUntil: at + 2 });
    });

    test("are undecided where the push of their tasks fails", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const before = await row();
      const twice = { ...pushed(clock.now() + 1), task: newTask({ ref: "taken" }) };
      await store.push([newTask({ ref: "taken" })]);
      await errorOf(decideAll([twice]));
      expect(await store.cron.slots("nightly", 10)).toEqual([]);
      expect(await row()).toEqual(before);
    });

    test("are decided once by two workers that come at once", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const slots = [1, 2, 3].map((later) => clock.now() + later);
      const stores = [store, subject.open(), subject.open()];
      const rows = await Promise.all(stores.map((one) => decideNew(slots, one)));
      expect(rows.flat()).toHaveLength(3);
      expect(await store.list()).toHaveLength(3);
    });

    test("show which of their tasks has not ended", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      await decideAll([pushed(clock.now() + 1)]);
      const unfinished: (number | null)[] = [];
      const look = () =>
        store.cron.decide("nightly", (state) => (unfinished.push(state.unfinished), null));
      await look();
      const task = await claimFirst(store);
      await look();
      await finish(task);
      await look();
      expect(unfinished).toEqual([1, 1, null]);
    });

    test("that wait are pushed later, once", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const slot = clock.now() + 1;
      await decideAll([passed(slot, "waiting")]);
      await decideAll([passed(slot + 1, "waiting")]);
      expect(await row()).toMatchObject({ waiting: slot, waitingCount: 2 });
      await decideAll([pushed(slot)]);
      expect(await row()).toMatchObject({ waiting: slot + 1, waitingCount: 1 });
      expect(await store.cron.slots("nightly", 10)).toMatchObject([
        { slot: slot + 1, outcome: "waiting" },
        { slot, outcome: "pushed", task: 1 },
      ]);
    });

    test("that were decided ahead of a wrong clock come again, unless their tasks were pushed", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const at = clock.now();
      await decideAll([passed(at + 10, "missed"), passed(at + 20, "skipped"), pushed(at + 30)]);
      await store.cron.decide("nightly", () => ({ slots: [], decidedUntil: at }));
      const taken: number[] = [];
      await store.cron.decide("nightly", (state) => (taken.push(...state.taken), null));
      expect(taken).toEqual([at + 30]);
    });

    test("for which a row ahead of a wrong clock stood come again with it", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const at = clock.now();
      const span = { ...passed(at + 90_000_000, "missed"), firstSlot: at + 10 };
      clock.advance(5_000);
      await decideAll([span, pushed(at + 90_000_001)]);
      await store.cron.decide("nightly", () => ({ slots: [], decidedUntil: clock.now() }));
      expect(await row()).toMatchObject({ decidedUntil: at + 9 });
    });

    test("are kept up to a thousand, the newest ones", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const at = clock.now();
      const slots = Array.from({ length: 1_005 }, (_, index) => passed(at + index + 1, "missed"));
      await decideAll(slots);
      const kept = await store.cron.slots("nightly", 2_000);
      expect(kept).toHaveLength(1_000);
      expect(kept.at(-1)?.slot).toBe(at + 6);
    });

    test("of one that there is not are not decided", async () => {
      let asked = 0;
      await store.cron.decide("nightly", () => (asked++, null));
      expect(asked).toBe(0);
    });

    test("spread by a share that the database keeps", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const shares: number[] = [];
      for (const one of [store, subject.open()]) {
        await one.cron.decide("nightly", ({ share }) => (shares.push(share), null));
      }
      expect(shares[0]).toBe(shares[1] ?? -1);
      expect(shares[0]).toBeGreaterThanOrEqual(0);
      expect(shares[0]).toBeLessThan(1);
    });
  });

  test("a recurring task is removed with its history, and its tasks stay", async () => {
    await store.cron.define({ origin: "database", definitions: [NIGHTLY] });
    await decideAll([pushed(clock.now() + 1)]);
    await store.cron.remove("nightly");
    expect(await store.cron.rows()).toEqual([]);
    expect(await store.cron.slots("nightly", 10)).toEqual([]);
    expect(await claimIds()).toEqual([1]);
  });
}
