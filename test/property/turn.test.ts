import { afterAll, describe, test } from "bun:test";
import fc from "fast-check";
import { PATIENCE, holds } from "./support.ts";
import { Stage } from "./turn-stage.ts";

describe("the turn, one atomic operation at a time", () => {
  const stage = new Stage(3);
  afterAll(() => stage[Symbol.dispose]());

  const cycles = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 });
  const actor = fc.nat(3);
  const times = fc.integer({ min: 1, max: 12 });

  test(
    "one at a time, and everybody in the end, whoever comes between",
    async () => {
      await stage.ready();
      const step = fc.record({ actor, times, dies: fc.constant(false) });
      const steps = fc.array(step, { maxLength: 80, size: "max" });
      await holds(4_000, [cycles, steps], (each, schedule) => stage.play(each, schedule));
    },
    PATIENCE,
  );

  test(
    "the same when threads die at any moment",
    async () => {
      await stage.ready();
      const step = fc.record({ actor, times, dies: fc.nat(12).map((chance) => chance === 0) });
      const steps = fc.array(step, { maxLength: 80, size: "max" });
      await holds(4_000, [cycles, steps], (each, schedule) => stage.play(each, schedule));
    },
    PATIENCE,
  );
});
