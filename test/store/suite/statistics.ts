/** The statistics of runs: added once, and kept for a year. */
import { beforeEach, describe, expect, test } from "bun:test";
import { RunCounts, SeriesCounts } from "../../../src/statistics/counts.ts";
import type { StatisticsQuery, StatisticsRow } from "../../../src/store/statistics-store.ts";
import { clock, register, store } from "./subject.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SALE = { queue: "mail", model: "sale", method: "process" };

export function countsOf(
  finished: number,
  waits: readonly number[] = [],
  series = SALE,
): SeriesCounts {
  const counts = new SeriesCounts();
  counts.of(series).ends.finished += finished;
  for (const ms of waits) counts.of(series).measures.wait.add(ms);
  return counts;
}

export function minute(ago = 0): number {
  return Math.floor(clock.now() / MINUTE) * MINUTE - ago * MINUTE;
}

/** Numbers the parts of the worker "w". */
let parts = 0;

export async function add(counts: SeriesCounts, at = minute(), worker = "w"): Promise<void> {
  parts += 1;
  await store.statistics.add({ worker, number: parts, at, counts });
}

async function rows(query: Partial<StatisticsQuery> = {}) {
  const found: { row: StatisticsRow; counts: RunCounts }[] = [];
  const all = { since: 0, until: Infinity, longest: MINUTE };
  await store.statistics.sum({ ...all, ...query }, (row) => {
    const counts = new RunCounts();
    const { at, span, queue, model, method } = row;
    found.push({ row: { at, span, queue, model, method }, counts });
    return counts;
  });
  return found;
}

/** The runs of all rows; all rows say the same, however long they may be. */
async function total(query: Partial<StatisticsQuery> = { longest: DAY }): Promise<number> {
  return (await rows(query)).reduce((sum, { counts }) => sum + counts.runs, 0);
}

async function totals(): Promise<[string, number][]> {
  const counts = new SeriesCounts();
  await store.statistics.totals((series) => counts.of(series));
  return Array.from(counts, ([{ queue, model, method }, { runs }]) => [
    `${queue} ${model}.${method}`,
    runs,
  ]);
}

export function statisticsTests(): void {
  describe("statistics", () => {
    beforeEach(async () => {
      await register("w");
    });

    test("keep what a worker adds", async () => {
      const counts = countsOf(3, [5, 700.25]);
      counts.of(SALE).ends.crashed = 1;
      counts.of(SALE).measures.late_end.add(90_000);
      await add(counts);
      const [only, ...more] = await rows();
      expect(more).toEqual([]);
      expect(only?.row).toEqual({ ...SALE, at: minute(), span: MINUTE });
      const { ends, measures } = only?.counts ?? new RunCounts();
      expect([ends.finished, ends.crashed, measures.wait.count]).toEqual([3, 1, 2]);
      expect([measures.wait.worst, measures.wait.sum]).toEqual([700.25, 705.25]);
      expect(measures.late_end.worst).toBe(90_000);
    });

    test("count a part once that is written twice, as its first commit may have been seen to fail", async () => {
      const part = { worker: "w", number: 1, at: minute(), counts: countsOf(3) };
      await store.statistics.add(part);
      await store.statistics.add(part);
      expect(await total()).toBe(3);
      await store.statistics.add({ ...part, number: 2 });
      expect(await total()).toBe(6);
    });

    test("add up what several workers, and one worker with a clock that was set back, say of a minute", async () => {
      await register("x");
      await add(countsOf(3, [5]));
      await add(countsOf(4, [9]), minute(), "x");
      await add(countsOf(5));
      const found = await rows();
      expect(found).toHaveLength(1);
      expect(found[0]?.counts.runs).toBe(12);
      expect(found[0]?.counts.measures.wait.worst).toBe(9);
    });

    test("take nothing from a worker that was declared dead", async () => {
      await store.unregister("w");
      await add(countsOf(3));
      expect(await total()).toBe(0);
    });

    test("count each run once where a queue has several methods, in every order of parts", async () => {
      const ship = { ...SALE, method: "ship" };
      await add(countsOf(3, [10]));
      const both = countsOf(1, [30]);
      both.of(ship).ends.failed += 2;
      await add(both);
      await add(countsOf(5, [20], ship));
      expect(await total()).toBe(11);
      const { last_hour: hours } = await store.status();
      expect(hours).toEqual([]); // the present minute is not over
      clock.advance(MINUTE);
      const [mail] = (await store.status()).last_hour;
      expect(mail).toMatchObject({ finished: 9, failed: 2 });
      expect(mail?.wait).toMatchObject({ count: 3, mean: 20, worst: 30 });
      clock.advance(9 * DAY);
      while (await store.statistics.tidy(clock.now()));
      expect(await total()).toBe(11);
      expect(await rows()).toEqual([]);
      expect(await rows({ longest: HOUR })).toHaveLength(2);
    });

    test("are read by time and queue", async () => {
      await add(countsOf(1), minute(2));
      await add(countsOf(2), minute(1));
      await add(countsOf(4, [], { ...SALE, queue: "print" }), minute(1));
      expect(await total({ since: minute(1) })).toBe(6);
      expect(await total({ until: minute(1) })).toBe(1);
      expect(await total({ queue: "mail" })).toBe(3);
    });

    test("lose their minutes after eight days, without a change of any sum", async () => {
      const start = Math.floor(clock.now() / HOUR) * HOUR;
      for (let index = 0; index < 700; index++)
        await add(countsOf(index, [index]), start + index * MINUTE);
      const before = await total();
      clock.advance(start + 12 * HOUR + 8 * DAY - clock.now());
      expect(await store.statistics.tidy(clock.now() - 2 * DAY)).toBe(false);
      expect(await rows()).toHaveLength(700);
      let slices = 1;
      while (await store.statistics.tidy(clock.now())) slices += 1;
      expect(slices).toBeGreaterThan(1);
      expect(await rows()).toEqual([]);
      const hours = await rows({ longest: HOUR });
      expect(hours).toHaveLength(12);
      expect(hours.every(({ row }) => row.span === HOUR && row.at % HOUR === 0)).toBe(true);
      expect(await total()).toBe(before);
      const worst = Math.max(...hours.map(({ counts }) => counts.measures.wait.worst));
      expect(worst).toBe(699);
      clock.advance(367 * DAY);
      while (await store.statistics.tidy(clock.now()));
      for (const longest of [MINUTE, HOUR, DAY]) expect(await rows({ longest })).toEqual([]);
    });

    test("have the same sums of any time from few long rows and from many minutes", async () => {
      const day = Math.floor(clock.now() / DAY) * DAY;
      clock.advance(day + 3 * DAY + 90 * MINUTE - clock.now());
      for (let at = day + 5 * MINUTE; at <= clock.now(); at += 47 * MINUTE) {
        await add(countsOf(1, [at % 1_000]), at);
      }
      const [from, last] = [day + 23 * HOUR + 11 * MINUTE, day + 3 * DAY + 80 * MINUTE];
      for (const [since, until] of [
        [day, clock.now()],
        [from, clock.now()],
        [from, last],
        [from, from + 40 * MINUTE],
        [from, from + 90 * MINUTE],
        [day + DAY, day + 2 * DAY],
      ] as const) {
        const minutes = await total({ since, until, longest: MINUTE });
        for (const longest of [HOUR, DAY]) {
          expect(await total({ since, until, longest })).toBe(minutes);
        }
      }
      const long = await rows({ since: from, until: clock.now(), longest: DAY });
      expect(long.length).toBeLessThan(8);
    });

    test("forget the minutes of a clock that was behind with the old ones, and those of one that was ahead once told", async () => {
      await add(countsOf(1), 60_000);
      await add(countsOf(2), minute(-60 * 24 * 365 * 70));
      await add(countsOf(4));
      while (await store.statistics.tidy(clock.now()));
      expect(await total()).toBe(6);
      await store.statistics.forgetAhead();
      expect(await total()).toBe(4);
    });

    test("leave nothing of a clock that was ahead in the hours and days that have come", async () => {
      const day = Math.floor(clock.now() / DAY) * DAY;
      clock.advance(day + DAY + 5 * MINUTE - clock.now());
      await add(countsOf(1));
      for (const ahead of [30, 70, 130]) await add(countsOf(10), minute(-ahead));
      await store.statistics.forgetAhead();
      for (const longest of [MINUTE, HOUR, DAY]) {
        for (const by of ["method", "queue", "all"] as const) {
          expect(await total({ since: day, longest, by })).toBe(11);
        }
      }
    });

    test("keep totals that do not fall when minutes become hours, and hours are deleted", async () => {
      await add(countsOf(3, [5, 700.25]));
      await add(countsOf(4, [9]), minute(1));
      const before = await totals();
      expect(before).toEqual([["mail sale.process", 7]]);
      for (const days of [9, 400]) {
        clock.advance(days * DAY);
        while (await store.statistics.tidy(clock.now()));
        expect(await totals()).toEqual(before);
      }
      await store.statistics.forgetAhead();
      await add(countsOf(1), minute(60 * 24 * 800));
      expect(await totals()).toEqual([["mail sale.process", 8]]);
      expect(await total({ since: clock.now() - DAY })).toBe(0);
    });

    test("add up the totals of methods beyond some hundred, and each method stays where it is", async () => {
      const method = (number: number) => ({ ...SALE, method: `m${number}` });
      const many = new SeriesCounts();
      for (let number = 0; number < 250; number++) many.of(method(number)).ends.finished += 1;
      await add(many);
      await add(countsOf(5, [], method(7)));
      await add(countsOf(6, [], method(1_000)));
      await add(countsOf(2, [], { ...SALE, queue: "print" }));
      const found = new Map(await totals());
      expect(found.size).toBe(202);
      expect(found.get("mail sale.m7")).toBe(6);
      expect(found.get("mail (others).(others)")).toBe(56);
      expect(found.get("print (others).(others)")).toBe(2);
    });

    test("show the last hour of each queue in the status", async () => {
      await add(countsOf(9, [1]), minute(61));
      await add(countsOf(3, [100]), minute(3));
      await add(countsOf(2, [300]), minute(1));
      await add(countsOf(1, [], { ...SALE, queue: "a" }), minute(1));
      const { last_hour: hours } = await store.status();
      expect(hours.map(({ queue, finished }) => [queue, finished])).toEqual([
        ["a", 1],
        ["mail", 5],
      ]);
      expect(hours[0]?.wait).toBeNull();
      expect(hours[1]?.wait).toMatchObject({ count: 2, mean: 200, worst: 300 });
    });
  });
}
