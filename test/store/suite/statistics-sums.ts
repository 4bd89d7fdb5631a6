/** The quick ways to read statistics: rows of whole queues, and how runs ended without lengths of time. */
import { beforeEach, describe, expect, test } from "bun:test";
import { RunCounts, SeriesCounts } from "../../../src/statistics/counts.ts";
import { clock, register, store } from "./subject.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

const SALE = { queue: "mail", model: "sale", method: "process" };

export function statisticsSumTests(): void {
  describe("statistics of two methods", () => {
    let minute: number;

    beforeEach(async () => {
      minute = Math.floor(clock.now() / MINUTE) * MINUTE;
      await register("w");
      const both = new SeriesCounts();
      both.of(SALE).ends.finished = 3;
      both.of(SALE).measures.wait.add(10);
      const ship = both.of({ ...SALE, method: "ship" });
      ship.ends.failed = 2;
      ship.measures.wait.add(30);
      await store.statistics.add({ worker: "w", number: 1, at: minute - MINUTE, counts: both });
      const one = new SeriesCounts();
      one.of(SALE).ends.finished = 1;
      await store.statistics.add({ worker: "w", number: 2, at: minute, counts: one });
    });

    const query = () => ({ since: 0, until: clock.now() + 1 });

    async function rows(by: "method" | "queue" | "all", longest = MINUTE) {
      const found: { readonly at: number; readonly queue: string; readonly counts: RunCounts }[] =
        [];
      await store.statistics.sum({ ...query(), by, longest }, ({ at, queue }) => {
        const counts = new RunCounts();
        found.push({ at, queue, counts });
        return counts;
      });
      return found.map(({ at, queue, counts }) => {
        return [at, queue, counts.runs, counts.measures.wait.count];
      });
    }

    async function ends(queue?: string) {
      const found = await store.statistics.ends({ ...query(), queue });
      return Object.fromEntries(
        found.map(({ method, finished, failed }) => [method, [finished, failed]]),
      );
    }

    test("may be read together, a row for each queue, or for all", async () => {
      expect(await rows("queue")).toEqual([
        [minute - MINUTE, "mail", 5, 2],
        [minute, "mail", 1, 0],
      ]);
      expect((await rows("all")).map(([at, , runs]) => [at, runs])).toEqual([
        [minute - MINUTE, 5],
        [minute, 1],
      ]);
      expect(await rows("method")).toHaveLength(3);
    });

    test("are read apart where one queue of all is asked for", async () => {
      const found: number[] = [];
      const all = { ...query(), by: "all", longest: MINUTE } as const;
      for (const queue of ["mail", "print"]) {
        const counts = new RunCounts();
        await store.statistics.sum({ ...all, queue }, () => counts);
        found.push(counts.runs);
      }
      expect(found).toEqual([6, 0]);
    });

    test("may be read as ends alone, by method", async () => {
      expect(await ends()).toEqual({ process: [4, 0], ship: [0, 2] });
      expect(await ends("print")).toEqual({});
    });

    test("have the same sums once their minutes are gone", async () => {
      clock.advance(9 * DAY);
      while (await store.statistics.tidy(clock.now()));
      for (const by of ["method", "queue", "all"] as const) {
        const runs = (await rows(by, DAY)).map(([, , count]) => Number(count));
        expect(runs.reduce((sum, count) => sum + count, 0)).toBe(6);
      }
      expect(await ends("mail")).toEqual({ process: [4, 0], ship: [0, 2] });
    });
  });
}
