/** The statistics step by step: what is over is read once. */
import { expect, test } from "bun:test";
import { SeriesCounts } from "../../../src/statistics/counts.ts";
import type { StatisticsQuery } from "../../../src/store/statistics-store.ts";
import { ClosedSteps } from "../../../src/tasks/statistics/closed-steps.ts";
import { statisticsSeries } from "../../../src/tasks/statistics/series.ts";
import { makeStore, type TestStore } from "../../support/store.ts";

const MINUTE = 60_000;
const HOUR = { queue: undefined, length: 60 * MINUTE, step: MINUTE };

/** Ten runs in each of the last minutes. */
async function withRuns({ store, clock }: TestStore, minutes: number): Promise<void> {
  await store.register({ id: "w", pid: 1, threads: 1, queues: [] });
  const minute = Math.floor(clock.now() / MINUTE) * MINUTE;
  for (let number = 1; number <= minutes; number++) {
    const counts = new SeriesCounts();
    counts.of({ queue: "mail", model: "mail", method: "send" }).ends.finished = 10;
    await store.statistics.add({ worker: "w", number, at: minute - number * MINUTE, counts });
  }
  await store.unregister("w");
}

test("of a chart that is drawn again, only the last minutes and what is new are read", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  await withRuns(subject, 30);
  const asked: Pick<StatisticsQuery, "since" | "until">[] = [];
  const sum = store.statistics.sum.bind(store.statistics);
  store.statistics.sum = (query, into) => {
    asked.push({ since: query.since, until: query.until });
    return sum(query, into);
  };
  const closed = new ClosedSteps();
  const first = await statisticsSeries(store, HOUR, closed);
  expect(first.steps.reduce((total, { runs }) => total + runs, 0)).toBe(300);
  const until = clock.now();
  expect(asked).toEqual([{ since: first.since, until }]);
  const again = await statisticsSeries(store, HOUR, closed);
  expect(again).toEqual(first);
  const openFrom = Math.floor(until / MINUTE) * MINUTE - 5 * MINUTE;
  expect(asked[1]).toEqual({ since: openFrom, until });
  clock.advance(2 * MINUTE);
  const later = await statisticsSeries(store, HOUR, closed);
  expect(asked[2]?.since).toBe(openFrom);
  expect(later.steps).toHaveLength(61);
  expect(later.steps.reduce((total, { runs }) => total + runs, 0)).toBe(300);
});

test("a chart of another queue or step has steps of its own", async () => {
  await using subject = makeStore();
  await withRuns(subject, 30);
  const closed = new ClosedSteps();
  const runsOf = async (queue: string | undefined, step: number) => {
    const { steps } = await statisticsSeries(subject.store, { ...HOUR, queue, step }, closed);
    return steps.reduce((total, { runs }) => total + runs, 0);
  };
  expect(await runsOf(undefined, MINUTE)).toBe(300);
  expect(await runsOf("print", MINUTE)).toBe(0);
  expect(await runsOf("mail", 15 * MINUTE)).toBe(300);
});
