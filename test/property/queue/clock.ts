/** The moves of the clock: it goes on, is set, and the times that it wrote while it was ahead are repaired. */
import { expect } from "bun:test";
import fc from "fast-check";
import { always, move, outside, time } from "./world.ts";

const HOUR_MS = 3_600_000;

export const step = move("clock", fc.record({ by: time }), always, async (world, _, { by }) => {
  world.queue.now += by;
});

export const jump = move(
  "jump of the clock",
  fc.record({ by: fc.constantFrom(-HOUR_MS, -2_000, 2_000, HOUR_MS) }),
  always,
  async (world, _, { by }) => {
    world.queue.now += by;
  },
);

export const repair = move("repair of times", fc.record({}), outside, async (world, real) => {
  const repaired = world.queue.repair();
  expect(await real.store.repairTimes("all")).toBe(repaired);
});
