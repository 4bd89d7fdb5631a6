/** `tq/testing` and recurring tasks: the test pushes the task of one, and no slot comes by itself. */
import { expect, test } from "bun:test";
import { currentTask, Model, type RecurringTasks, task, tasks } from "tq";
import { testQueue } from "tq/testing";
import { sentenceOf } from "../support/error.ts";

class Night extends Model {
  static override readonly __name__ = "testing.night";
  static readonly cron: RecurringTasks<typeof Night> = {
    nightly: { schedule: "30 2 * * *", method: "close", args: ["shop"], queue: "night", user: 3 },
  };

  static close(_nights: Night[], what: string) {
    return [what, currentTask()?.context["cron"]];
  }
}

const sweep = task(
  "testing_sweep",
  { cron: { sweeping: { schedule: "every 15m" } } },
  () => "clean",
);

const NOON = "2026-12-01T12:00Z";

test("the task of a recurring task is pushed as its definition says, and finds its slot", async () => {
  await using queue = await testQueue({ models: [Night, sweep], now: NOON });
  const id = await queue.pushCron("nightly");
  expect(await tasks.get(id)).toMatchObject({ queue: "night", user: 3, state: "ready" });
  const { result } = await queue.runNow(id);
  expect(result).toEqual(["shop", { name: "nightly", slot: Date.parse(NOON) }]);
  expect(await queue.runNow(await queue.pushCron("sweeping"))).toMatchObject({ result: "clean" });
});

test("a section of the settings counts, also where it says otherwise what a model says", async () => {
  const cron = { nightly: { queue: "mail" }, noon: { schedule: "@daily", task: "testing_sweep" } };
  await using queue = await testQueue({ models: [Night, sweep], settings: { cron } });
  expect(await tasks.get(await queue.pushCron("nightly"))).toMatchObject({ queue: "mail" });
  expect(await tasks.get(await queue.pushCron("noon"))).toMatchObject({ model: "testing_sweep" });
});

test("no slot comes by itself, wherever the clock is moved", async () => {
  await using queue = await testQueue({ models: [Night, sweep], now: NOON });
  queue.clock.advance("2d");
  expect(await queue.drain({ scheduled: true })).toEqual([]);
});

test("a recurring task that there is none of is refused with the near name", async () => {
  await using queue = await testQueue({ models: [Night] });
  expect(await sentenceOf(() => queue.pushCron("nigthly"))).toBe(
    'Cannot push "nigthly": the models and settings of this queue have no such recurring task; did you mean "nightly"?',
  );
  await using empty = await testQueue();
  expect(await sentenceOf(() => empty.pushCron("nightly"))).toEndWith(
    "have no such recurring task; name its model in the option models",
  );
});
