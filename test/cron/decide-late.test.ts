/** Slots that are noticed late: on time all the same, held up, or missed. */
import { describe, expect, test } from "bun:test";
import { decide } from "../../src/cron/decide.ts";
import type { Awake } from "../../src/cron/awake.ts";
import type { CronDefinition } from "../../src/cron/definition.ts";
import { define, HOUR, MIDNIGHT, outcomes, stateOf } from "./deciding.ts";

describe("slots that a worker saw come, and could not decide for a while,", () => {
  const now = MIDNIGHT + 3 * HOUR + 64_000;
  const awake = { since: MIDNIGHT, hasJumped: false };
  const slotsOf = (definition: CronDefinition, more: Partial<Awake> = {}, heldSince = 0) =>
    decide(definition, stateOf(definition, { heldSince }), now, { ...awake, ...more })?.slots ?? [];

  test.each(["skip", "once"] as const)("run once, the last one, with missed = %s", (missed) => {
    expect(slotsOf(define({ missed })).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["missed", "a worker ran then, but was held up; only the last such slot may run"],
      ["missed", "a worker ran then, but was held up; only the last such slot may run"],
      ["pushed", "1 min 4 s late: a worker ran then, but was held up"],
    ]);
  });

  test("do not run beyond their grace", () => {
    const definition = define({ missed: "skip", grace: "1m" });
    expect(slotsOf(definition).at(-1)?.reason).toBe(
      "a worker ran then, but was held up; 1 min 4 s is more than its grace of 1 min",
    );
  });

  test("are told from those that passed while no live worker had the definition", () => {
    const reasons = slotsOf(define(), {}, MIDNIGHT + 2 * HOUR).map(({ reason }) => reason);
    const no = "no worker had its definition then; only the last such slot may run";
    expect(reasons).toEqual([no, no, "1 min 4 s late: a worker ran then, but was held up"]);
  });

  test("are told from those that passed while the machine slept, or its clock was set", () => {
    const jumped = { since: now, hasJumped: true };
    const slept = "the machine slept then, or its clock was set forward";
    expect(slotsOf(define(), jumped).at(-1)?.reason).toBe(`1 min 4 s late: ${slept}`);
    expect(slotsOf(define({ missed: "skip" }), jumped).at(-1)?.reason).toBe(
      `${slept}; it was noticed 1 min 4 s later`,
    );
  });
});

describe("a slot that is noticed within a minute", () => {
  const outcomeAfter = (seconds: number, more: object) =>
    outcomes(define(more), MIDNIGHT + HOUR + seconds * 1_000).at(-1);

  test("is on time, unless its grace is shorter", () => {
    expect(outcomeAfter(60, { missed: "skip" })).toBe("01:00 pushed");
    expect(outcomeAfter(61, { missed: "skip" })).toBe("01:00 missed");
    for (const missed of ["skip", "once", "all"]) {
      expect(outcomeAfter(20, { missed, grace: "20s" })).toBe("01:00 pushed");
      expect(outcomeAfter(21, { missed, grace: "20s" })).toBe("01:00 missed");
    }
  });

  test("by a second is on time with any grace", () => {
    expect(outcomeAfter(1, { grace: "0s" })).toBe("01:00 pushed");
    expect(outcomeAfter(2, { grace: "0s" })).toBe("01:00 missed");
  });
});
