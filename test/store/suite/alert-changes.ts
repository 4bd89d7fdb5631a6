/** Alerts whose file says something else of them now. */
import { describe, expect, test } from "bun:test";
import { failMany, failOne, FILE, MINUTE, NONE, take, tell, watch } from "./alerts.ts";
import { clock, store } from "./subject.ts";

const named = (queue: string) => [{ key: `command ${queue}`, queues: [queue], tasks: [] }] as const;

export function alertChangeTests(): void {
  describe("alerts", () => {
    test("that their file has edited tell what the former ones have not", async () => {
      await watch(["command a", "url a"]);
      await failOne();
      const channels = ["command b", "url a"] as const;
      expect(await tell({ channel: "url a", channels })).toMatchObject({ count: 1 });
      expect(await tell({ channel: "command b", channels })).toMatchObject({ count: 1 });
      expect(await tell({ channel: "command b", channels })).toEqual(NONE);
    });

    test("whose names were corrected tell what these did not fit before, once and counted", async () => {
      const wrong = { channel: "command a", wants: { queues: ["pritn"] } } as const;
      const right = { channel: "command b", wants: { queues: ["print"] } } as const;
      const before = await failOne("sale", "print");
      clock.advance(1);
      expect(await take(wrong)).toEqual(NONE);
      const first = await failOne("sale", "print");
      await failMany(120, "sale", "print");
      await failOne("sale", "mail");
      expect(await take(wrong)).toEqual(NONE);
      expect(await tell(right)).toMatchObject({ count: 121, failures: [{ task: first }, {}] });
      expect(await tell(right)).toEqual(NONE);
      clock.advance(MINUTE);
      const next = await failOne("sale", "print");
      expect(await tell(right)).toMatchObject({ count: 1, failures: [{ task: next }] });
      expect(before).toBeLessThan(first);
    });

    test("whose names were corrected after more than a week count what they do not tell", async () => {
      expect(await store.failures.watch(FILE, named("pritn"))).toBe(0);
      await failOne("sale", "print");
      clock.advance(7 * 24 * 60 * MINUTE);
      const id = await failOne("sale", "print");
      clock.advance(1);
      expect(await store.failures.watch(FILE, named("print"))).toBe(1);
      const asked = { channel: "command print", wants: { queues: ["print"] } } as const;
      expect(await tell(asked)).toMatchObject({ count: 1, failures: [{ task: id }] });
    });

    test("whose names were corrected are counted by one of several programs that start at once", async () => {
      await store.failures.watch(FILE, named("pritn"));
      await failOne("sale", "print");
      clock.advance(8 * 24 * 60 * MINUTE);
      const starting = [1, 2, 3].map(() => store.failures.watch(FILE, named("print")));
      expect((await Promise.all(starting)).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
    });

    test("whose names were corrected tell those that were still to be told before, too", async () => {
      const few = { channel: "command a", wants: { queues: ["mail"] } } as const;
      const all = { channel: "command b" } as const;
      await take(few);
      const mail = await failOne("sale", "mail");
      const print = await failOne("sale", "print");
      expect(await tell(all)).toMatchObject({
        count: 2,
        failures: [{ task: mail }, { task: print }],
      });
    });
  });
}
