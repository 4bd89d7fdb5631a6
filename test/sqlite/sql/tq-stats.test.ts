/** The statistics for plain SQL. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { SeriesCounts } from "../../../src/statistics/counts.ts";
import { makeStore } from "../../support/store.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("tq_stats has each run once, as long as its minutes are kept and after that", async () => {
  await using subject = makeStore();
  const { store, clock, path } = subject;
  await store.register({ id: "w", pid: process.pid, threads: 1, queues: [] });
  const start = Math.floor(clock.now() / HOUR) * HOUR;
  for (let number = 1; number <= 6; number++) {
    const counts = new SeriesCounts();
    for (const method of ["process", "ship"]) {
      counts.of({ queue: "mail", model: "sale", method }).ends.finished = number;
    }
    await store.statistics.add({ worker: "w", number, at: start + number * 25 * MINUTE, counts });
  }
  using db = new Database(path, { readonly: true });
  const said = () =>
    db
      .query("SELECT span, count(*), sum(finished) FROM tq_stats GROUP BY span ORDER BY span")
      .values();
  expect(said()).toEqual([[MINUTE, 12, 42]]);
  clock.advance(start + 8 * DAY + 90 * MINUTE - clock.now());
  while (await store.statistics.tidy(clock.now()));
  expect(said()).toEqual([
    [MINUTE, 8, 36],
    [HOUR, 2, 6],
  ]);
  clock.advance(DAY);
  while (await store.statistics.tidy(clock.now()));
  expect(said()).toEqual([[HOUR, 6, 42]]);
});
