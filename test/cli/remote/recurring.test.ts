import { describe, expect, test } from "bun:test";
import { readCron } from "../../../src/cron/definition.ts";
import { DATABASE_ORIGIN } from "../../../src/cron/ledger.ts";
import { fieldOf } from "../../../src/policies/table.ts";
import { SeriesCounts } from "../../../src/statistics/counts.ts";
import { MINUTE_MS } from "../../../src/values/duration.ts";
import { makeBox } from "./box.ts";

/** With a recurring task, and runs that its statistics count. */
async function boxWithCron() {
  const box = await makeBox();
  const { text } = readCron(
    "nightly",
    { schedule: "30 2 * * *", task: "sale.process", instances: 7, time_zone: "Europe/Berlin" },
    "the test",
    fieldOf,
    ": ",
  );
  await box.store.cron.add(DATABASE_ORIGIN, { name: "nightly", definition: text });
  await box.store.register({ id: "w", pid: 1, threads: 1, queues: [] });
  const counts = new SeriesCounts();
  const sale = counts.of({ queue: "default", model: "sale", method: "process" });
  Object.assign(sale.ends, { finished: 60, failed: 2 });
  sale.measures.run.add(12.5);
  const at = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 2 * MINUTE_MS;
  await box.store.statistics.add({ worker: "w", number: 1, at, counts });
  await box.store.unregister("w");
  const here = (...args: string[]) => box.office.tq(...args, "-d", box.database.place);
  return { ...box, here };
}

describe("with --url", () => {
  test("tq cron list, explain and history, and tq stats say what they say on the machine itself", async () => {
    await using box = await boxWithCron();
    await box.here("cron", "run", "nightly");
    for (const command of [
      ["cron", "list"],
      ["cron", "list", "--json"],
      ["cron", "explain", "nightly", "--count", "3"],
      ["cron", "explain", "nightly", "--time-zone", "Asia/Tokyo"],
      ["cron", "explain", "@daily"],
      ["cron", "explain", "nihgtly"],
      ["cron", "history", "nightly"],
      ["cron", "history", "nightly", "--json"],
      ["cron", "history", "nihgtly"],
      ["stats"],
      ["stats", "--by", "task", "--last", "90m"],
      ["stats", "default"],
      ["stats", "print"],
    ]) {
      const [there, here] = [await box.tq(...command), await box.here(...command)];
      expect({ command, ...there }).toEqual({ command, ...here });
    }
  });

  test("a recurring task is paused, resumed and run now", async () => {
    await using box = await boxWithCron();
    const paused = await box.tq("cron", "pause", "nightly", "--reason", "stocktaking");
    expect(paused.stdout).toMatch(/^nightly is paused by \S+ since .*: stocktaking\n$/);
    const [row] = await box.store.cron.rows();
    expect(row?.override.pause).toMatchObject({ reason: "stocktaking", until: null });
    const again = await box.tq("cron", "pause", "nightly", "--until", "2h");
    expect(again.stdout).toContain(" until ");
    expect(again.stdout).toContain(" (it was paused by ");
    expect((await box.tq("cron", "resume", "nightly")).stdout).toMatch(
      /^nightly goes on: At 02:30 in Europe\/Berlin; next .*; it was paused by /,
    );
    const nothing = await box.tq("cron", "resume", "nightly");
    expect(nothing.stderr).toBe("tq: nightly is not paused: nothing has changed\n");

    const run = await box.tq("cron", "run", "nightly");
    expect([run.code, run.stdout]).toEqual([0, "1\n"]);
    expect(await box.store.get(1)).toMatchObject({ model: "sale", method: "process" });
    const unknown = await box.tq("cron", "run", "nihgtly");
    expect([unknown.code, unknown.stdout]).toEqual([3, ""]);
  });
});
