/** What becomes of the slots that have come: by the definition, the task before, a pause, and how late it is. */
import { describe, expect, test } from "bun:test";
import { decide } from "../../src/cron/decide.ts";
import { define, HOUR, MIDNIGHT, MINUTE, outcomes, reasons, stateOf } from "./deciding.ts";

describe("a slot", () => {
  test("that has not come is not decided, and nothing is written", () => {
    const definition = define();
    expect(decide(definition, stateOf(definition, {}), MIDNIGHT + HOUR - 1)).toBeNull();
  });

  test("is pushed when it comes, with its name and time in the context", () => {
    const definition = define({ context: { company: 1 }, args: [7], queue: "nights", attempts: 3 });
    const decision = decide(definition, stateOf(definition, {}), MIDNIGHT + HOUR);
    expect(decision).toMatchObject({ decidedUntil: MIDNIGHT + HOUR });
    expect(decision?.slots).toEqual([
      {
        slot: MIDNIGHT + HOUR,
        outcome: "pushed",
        reason: null,
        task: {
          model: "night",
          method: "run",
          instances: [],
          args: "[7]",
          context: `{"company":1,"cron":{"name":"hourly","slot":${MIDNIGHT + HOUR}}}`,
          user: 0,
          queue: "nights",
          priority: 0,
          scheduledAt: null,
          expectedAt: null,
          expiresAt: null,
          ref: null,
          policy: '{"attempts":3}',
        },
      },
    ]);
  });

  test("that was decided before the clock was set back is not decided again", () => {
    expect(outcomes(define(), MIDNIGHT + HOUR, { taken: [MIDNIGHT + HOUR] })).toEqual([]);
  });

  test("is not decided while the clock is a little behind what was decided", () => {
    const definition = define();
    const state = stateOf(definition, { decidedUntil: MIDNIGHT + HOUR });
    expect(decide(definition, state, MIDNIGHT + HOUR - 5 * MINUTE)).toBeNull();
  });

  test("of a clock that was set back far comes again at its time", () => {
    const definition = define();
    const year = 365 * 24 * HOUR;
    const state = stateOf(definition, { decidedUntil: MIDNIGHT + year });
    expect(decide(definition, state, MIDNIGHT)).toEqual({ slots: [], decidedUntil: MIDNIGHT });
  });
});

describe("slots that no worker saw", () => {
  const now = MIDNIGHT + 3.5 * HOUR;

  test("are caught up once by default, and the ledger says of each why", () => {
    expect(outcomes(define(), now)).toEqual(["01:00 missed", "02:00 missed", "03:00 pushed"]);
    expect(reasons(define(), now)).toEqual([
      "no worker ran then; only the last such slot may run",
      "no worker ran then; only the last such slot may run",
      "30 min late: no worker ran then",
    ]);
  });

  test("are caught up by the slot that comes now", () => {
    expect(outcomes(define(), MIDNIGHT + 3 * HOUR + 1000)).toEqual([
      "01:00 missed",
      "02:00 missed",
      "03:00 pushed",
    ]);
  });

  test("are left out with missed = skip, but not the one that comes now", () => {
    const definition = define({ missed: "skip" });
    expect(outcomes(definition, now)).toEqual(["01:00 missed", "02:00 missed", "03:00 missed"]);
    expect(outcomes(definition, MIDNIGHT + 3 * HOUR)).toEqual([
      "01:00 missed",
      "02:00 missed",
      "03:00 pushed",
    ]);
  });

  test("are all caught up with missed = all, up to catch_up of them", () => {
    expect(outcomes(define({ missed: "all" }), now)).toEqual([
      "01:00 pushed",
      "02:00 pushed",
      "03:00 pushed",
    ]);
    expect(outcomes(define({ missed: "all", catch_up: 2 }), now)).toEqual([
      "01:00 missed",
      "02:00 pushed",
      "03:00 pushed",
    ]);
  });

  test.each(["once", "all"] as const)(
    "are left out with missed = %s beyond their grace",
    (missed) => {
      const definition = define({ missed, grace: "20m" });
      expect(outcomes(definition, now)).toEqual(["01:00 missed", "02:00 missed", "03:00 missed"]);
      expect(outcomes(definition, MIDNIGHT + 3.25 * HOUR).at(-1)).toBe("03:00 pushed");
      expect(reasons(definition, now).at(-1)).toBe(
        "no worker ran then; 30 min is more than its grace of 20 min",
      );
    },
  );

  test("of years get a row each for the last hundred, and one says that there were more", () => {
    const definition = define();
    const later = MIDNIGHT + 3 * 365 * 24 * HOUR;
    const decision = decide(definition, stateOf(definition, {}), later);
    expect(decision?.slots).toHaveLength(100);
    expect(decision?.slots[0]).toMatchObject({ firstSlot: MIDNIGHT + HOUR });
    expect(decision?.slots[0]?.reason).toEndWith(
      "; so were earlier slots, from 2026-11-02 01:00:00 on",
    );
    expect(decision?.slots[1]).not.toHaveProperty("firstSlot");
    expect(decision?.slots[1]?.reason).not.toContain("earlier");
    expect(decision?.slots.filter(({ outcome }) => outcome === "pushed")).toHaveLength(1);
    expect(decision?.decidedUntil).toBe(later);
  });

  test.each([
    { missed: "all", catch_up: 99 },
    { missed: "all" },
    { missed: "all", catch_up: 1000 },
    { missed: "all", catch_up: 1000, overlap: "skip" },
  ])("beyond catch_up have a row that says so, with %j", (more) => {
    const definition = define(more);
    const later = MIDNIGHT + 365 * 24 * HOUR;
    const slots = decide(definition, stateOf(definition, {}), later)?.slots ?? [];
    expect(slots[0]?.outcome).toBe("missed");
    expect(slots[0]?.reason).toEndWith(
      `only the last ${definition.catchUp} slots are caught up; so were earlier slots, from 2026-11-02 01:00:00 on`,
    );
    expect(slots.filter(({ outcome }) => outcome !== "missed")).toHaveLength(definition.catchUp);
  });
});

describe("a slot whose earlier task has not ended", () => {
  const now = MIDNIGHT + HOUR;

  test("is pushed all the same by default", () => {
    expect(outcomes(define(), now, { unfinished: 4 })).toEqual(["01:00 pushed"]);
  });

  test("is left out with overlap = skip, and says for which task", () => {
    const definition = define({ overlap: "skip" });
    expect(outcomes(definition, now, { unfinished: 4 })).toEqual(["01:00 skipped"]);
    expect(reasons(definition, now, { unfinished: 4 })).toEqual(["task 4 has not ended"]);
    expect(outcomes(definition, now)).toEqual(["01:00 pushed"]);
  });

  test("waits with overlap = wait, and is pushed once that has ended", () => {
    const definition = define({ overlap: "wait" });
    expect(outcomes(definition, now, { unfinished: 4 })).toEqual(["01:00 waiting"]);
    const later = { decidedUntil: now, waiting: now };
    expect(outcomes(definition, now + MINUTE, { ...later, unfinished: 4 })).toEqual([]);
    expect(outcomes(definition, now + MINUTE, later)).toEqual(["01:00 pushed"]);
  });

  test.each([5 * MINUTE, HOUR, 3 * 365 * 24 * HOUR])(
    "that waited is pushed to run at once where the clock was set back by %d ms meanwhile",
    (back) => {
      const definition = define({ overlap: "wait", jitter: "10m" });
      const given = { decidedUntil: Math.min(now, now - back + 5 * MINUTE), waiting: now };
      const [first] = decide(definition, stateOf(definition, given), now - back)?.slots ?? [];
      expect(first).toMatchObject({ slot: now, outcome: "pushed", task: { scheduledAt: null } });
    },
  );

  test("is left out where another one waits already, and says which", () => {
    const definition = define({ overlap: "wait", time_zone: "Asia/Tokyo" });
    const given = { decidedUntil: now, waiting: now, unfinished: 4 };
    expect(outcomes(definition, now + HOUR, given)).toEqual(["02:00 skipped"]);
    expect(reasons(definition, now + HOUR, given)).toEqual([
      "the slot of 2026-11-02 10:00:00 waits already for the end of task 4",
    ]);
  });

  test("waits for the one that waited before it", () => {
    const definition = define({ overlap: "wait" });
    const given = { decidedUntil: now, waiting: now };
    expect(outcomes(definition, now + HOUR, given)).toEqual(["01:00 pushed", "02:00 waiting"]);
  });

  test("waits behind others with missed = all, up to catch_up of them", () => {
    const all = { missed: "all", overlap: "wait" };
    const later = MIDNIGHT + 3 * HOUR;
    const [first, second, third] = ["01:00 pushed", "02:00 waiting", "03:00 waiting"];
    expect(outcomes(define(all), later)).toEqual([first, second, third] as string[]);
    const given = { decidedUntil: now, waiting: now, unfinished: 4, waitingCount: 1 };
    const definition = define({ ...all, catch_up: 2 });
    expect(outcomes(definition, later, given)).toEqual(["02:00 waiting", "03:00 skipped"]);
    expect(reasons(definition, later, given).at(-1)).toBe(
      "2 slots wait already for the end of task 4",
    );
  });

  test("of several that are caught up is left out with overlap = skip", () => {
    const definition = define({ missed: "all", overlap: "skip" });
    expect(outcomes(definition, MIDNIGHT + 2 * HOUR)).toEqual(["01:00 pushed", "02:00 skipped"]);
    expect(reasons(definition, MIDNIGHT + 2 * HOUR).at(-1)).toBe(
      "the task of the slot before has not ended",
    );
  });
});

describe("a pause", () => {
  const pause = { by: "root@shop", at: MIDNIGHT, reason: "stocktaking", until: null };

  test("leaves each slot out, and says who paused it and why", () => {
    const given = { override: { pause } };
    expect(outcomes(define(), MIDNIGHT + 2 * HOUR, given)).toEqual([
      "01:00 paused",
      "02:00 paused",
    ]);
    expect(reasons(define(), MIDNIGHT + HOUR, given)).toEqual(["paused by root@shop: stocktaking"]);
  });

  test("of more slots than get a row each says that there were earlier ones", () => {
    const definition = define();
    const state = stateOf(definition, { override: { pause } });
    const slots = decide(definition, state, MIDNIGHT + 365 * 24 * HOUR)?.slots ?? [];
    expect(slots).toHaveLength(100);
    expect(slots[0]?.reason).toBe(
      "paused by root@shop: stocktaking; so were earlier slots, from 2026-11-02 01:00:00 on",
    );
    expect(slots[1]?.reason).toBe("paused by root@shop: stocktaking");
  });

  test("that ended while no worker ran counts only the slots that it held as paused", () => {
    const definition = define();
    const until = MIDNIGHT + 200 * HOUR;
    const state = stateOf(definition, { override: { pause: { ...pause, until } } });
    const slots = decide(definition, state, MIDNIGHT + 400 * HOUR)?.slots ?? [];
    const [paused, missed] = [slots.slice(0, 100), slots.slice(100, 199)];
    expect(new Set(paused.map(({ outcome }) => outcome))).toEqual(new Set(["paused"]));
    expect(paused[0]).toMatchObject({ slot: until - 100 * HOUR, firstSlot: MIDNIGHT + HOUR });
    expect(new Set(missed.map(({ outcome }) => outcome))).toEqual(new Set(["missed"]));
    expect(missed[0]).toMatchObject({ slot: MIDNIGHT + 301 * HOUR, firstSlot: until });
    expect(slots.slice(199)).toMatchObject([{ outcome: "pushed" }]);
  });

  test("ends by itself at its time", () => {
    const given = { override: { pause: { ...pause, until: MIDNIGHT + 2 * HOUR } } };
    expect(outcomes(define(), MIDNIGHT + 2 * HOUR, given)).toEqual([
      "01:00 paused",
      "02:00 pushed",
    ]);
  });
});

describe("the start of a task", () => {
  test.each([
    [0, null],
    [0.25, MIDNIGHT + HOUR + 5 * MINUTE],
    [0.999_999, MIDNIGHT + HOUR + 20 * MINUTE - 2],
  ])("is later by the share %d of its jitter, which each database keeps", (share, expected) => {
    const definition = define({ jitter: "20m" });
    const decision = decide(definition, stateOf(definition, { share }), MIDNIGHT + HOUR);
    expect(decision?.slots[0]?.task?.scheduledAt).toBe(expected);
  });

  test("is spread also where many machines come back at once after a power cut", () => {
    const definition = define({ jitter: "20m" });
    const now = MIDNIGHT + 1.5 * HOUR;
    const decision = decide(definition, stateOf(definition, { share: 0.5 }), now);
    expect(decision?.slots[0]?.task?.scheduledAt).toBe(now + 10 * MINUTE);
  });

  test("is not too late before it could begin: its expiry counts from there", () => {
    const definition = define({ jitter: "20m", expires: "5m" });
    const decision = decide(definition, stateOf(definition, { share: 0.5 }), MIDNIGHT + HOUR);
    expect(decision?.slots[0]?.task).toMatchObject({
      scheduledAt: MIDNIGHT + HOUR + 10 * MINUTE,
      expiresAt: MIDNIGHT + HOUR + 15 * MINUTE,
    });
  });
});
