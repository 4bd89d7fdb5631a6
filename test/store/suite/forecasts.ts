/** The forecasts of queues: by the rate of the statistics, or of the tasks themselves. */
import { describe, expect, test } from "bun:test";
import { claim, newTask } from "../../support/store.ts";
import { add, countsOf, minute } from "./statistics.ts";
import { clock, finish, register, store, subject } from "./subject.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export function forecastTests(): void {
  describe("forecasts", () => {
    async function forecastOf(queue: string) {
      const { queues } = await store.status();
      return queues.find((one) => one.queue === queue)?.forecast;
    }

    /** A queue that had tasks to run for an hour, and ended 60 a minute of them. */
    async function busyHour(tasks: Parameters<typeof newTask>[0][]): Promise<number[]> {
      await register("w");
      const ids = await store.push(tasks.map((task) => newTask({ queue: "mail", ...task })));
      clock.advance(HOUR);
      for (let ago = 60; ago > 0; ago--) await add(countsOf(60), minute(ago));
      return ids;
    }

    function ready(count: number): object[] {
      return Array.from({ length: count }, () => ({}));
    }

    test("say when a queue will be empty, by the minutes of the last five", async () => {
      await busyHour(ready(90));
      expect(await forecastOf("mail")).toEqual({
        ended_per_minute: 60,
        within: 5 * MINUTE,
        come_per_minute: 0,
        empty_in: 90_000,
        misses: null,
      });
    });

    test("say that a queue grows in which more tasks come than end", async () => {
      await busyHour(ready(10));
      await store.push(Array.from({ length: 400 }, () => newTask({ queue: "mail" })));
      await store.push([newTask({ queue: "mail", scheduledAt: clock.now() + HOUR })]);
      expect(await forecastOf("mail")).toMatchObject({ come_per_minute: 80, empty_in: null });
    });

    test("estimate how many of thousands of tasks came in one of several queues", async () => {
      await busyHour(ready(10));
      const tasks = Array.from({ length: 3_000 }, (_, index) =>
        newTask({ queue: index % 4 === 0 ? "mail" : "print" }),
      );
      await store.push(tasks);
      const { come_per_minute: come = 0 } = (await forecastOf("mail")) ?? {};
      expect(Math.abs((come ?? 0) - 150)).toBeLessThan(20);
    });

    test("name the tasks that will end after their expected_at, in the order of the claims", async () => {
      const at = clock.now() + HOUR;
      const [, high, first] = await busyHour([
        { expectedAt: at + 60_000 },
        { priority: 1, expectedAt: at + 900 }, // ends after 1 s
        { expectedAt: at + 1_200 }, // ends after 2 s
        { expectedAt: at + 60_000 },
        { expectedAt: at + 3_100 }, // ends after 3 s
      ]);
      expect((await forecastOf("mail"))?.misses).toEqual({ count: 2, first: high ?? 0, by: 100 });
      const [task] = await claim(store, { queues: ["mail"], limit: 1 });
      expect(task?.id).toBe(high ?? 0);
      expect((await forecastOf("mail"))?.misses).toBeNull(); // each ends a second earlier
      clock.advance(500);
      expect((await forecastOf("mail"))?.misses).toEqual({ count: 1, first: first ?? 0, by: 300 });
    });

    test("wait for a rate: of a queue of which nothing has ended nothing is said", async () => {
      await register("w");
      await store.push([newTask({ queue: "mail" })]);
      clock.advance(HOUR);
      expect(await forecastOf("mail")).toBeUndefined();
    });

    test("say nothing of a queue that no worker takes", async () => {
      await busyHour(ready(3));
      await subject.kill("w");
      expect(await forecastOf("mail")).toBeUndefined();
    });

    describe("where a pause holds tasks", () => {
      const pause = (kind: "queue" | "task", name: string) =>
        store.pauses.pause({ kind, name, by: "ana", reason: null, until: null });

      test("say nothing of a queue that is paused, or of which all tasks are", async () => {
        await busyHour(ready(3));
        await pause("queue", "mail");
        expect(await forecastOf("mail")).toBeUndefined();
        await store.pauses.resumeAll();
        expect(await forecastOf("mail")).toBeUndefined(); // until a rate is known again
        await pause("task", "sale.*");
        expect(await forecastOf("mail")).toBeUndefined();
        await claim(store, { queues: ["mail"], limit: 1 }); // sets them aside
        expect(await forecastOf("mail")).toBeUndefined();
      });

      async function endMany(count: number): Promise<void> {
        for (const task of await claim(store, { queues: ["mail"], limit: count }))
          await finish(task);
      }

      test.each([
        ["queue", "ma*", null],
        ["task", "sale.*", null],
        ["queue", "mail", 300_000],
      ] as const)("count from the end of a pause of %s %s on", async (kind, name, lasts) => {
        await register("w");
        await store.push(ready(60).map(() => newTask({ queue: "mail" })));
        clock.advance(10_000);
        await endMany(10);
        const until = lasts === null ? null : clock.now() + lasts;
        await store.pauses.pause({ kind, name, by: "ana", reason: null, until });
        clock.advance(300_000);
        if (lasts === null) await store.pauses.resume({ kind, name });
        expect(await forecastOf("mail")).toBeUndefined();
        clock.advance(10_000);
        await endMany(10);
        expect(await forecastOf("mail")).toMatchObject({ within: 10_000, empty_in: 40_000 });
      });

      test("go on as they were where a pause of another queue or method ends", async () => {
        await busyHour(ready(3));
        await pause("queue", "print");
        await pause("task", "label.*");
        await store.pauses.resumeAll();
        expect(await forecastOf("mail")).toMatchObject({ empty_in: 3_000 });
      });

      test("leave the tasks of a paused method out, in the line and beside it", async () => {
        const at = clock.now() + HOUR;
        const held = { model: "label" };
        const [, , missed = 0] = await busyHour([
          { ...held, expectedAt: at + 100 },
          { ...held, priority: 1 },
          { expectedAt: at + 600 }, // ends after 1 s
          { expectedAt: at + 2_100 }, // ends after 2 s
          { ...held, priority: -1 },
        ]);
        await pause("task", "label.process");
        const left = { empty_in: 2_000, misses: { count: 1, first: missed, by: 400 } };
        expect(await forecastOf("mail")).toMatchObject(left);
        const [task] = await claim(store, { queues: ["mail"], limit: 1 });
        expect(task?.id).toBe(missed);
        expect(await forecastOf("mail")).toMatchObject({ empty_in: 1_000, misses: null });
      });

      test("take a function for paused by its name, and a pattern of names for what it holds", async () => {
        const held = { model: "send[1]", method: "call", instances: [] };
        await busyHour([held, { ...held, instances: [1] }, {}]);
        await pause("task", "send[1]");
        expect(await forecastOf("mail")).toMatchObject({ empty_in: 2_000 });
        await store.pauses.resumeAll();
        clock.advance(10 * MINUTE); // a rate is known again
        for (let ago = 5; ago > 0; ago--) await add(countsOf(60), minute(ago));
        await pause("task", "send[?].c*");
        expect(await forecastOf("mail")).toMatchObject({ empty_in: 1_000 });
      });
    });

    test("count the tasks themselves while the statistics have no two minutes of the backlog", async () => {
      await register("w");
      await store.push(Array.from({ length: 30 }, () => newTask({ queue: "mail" })));
      clock.advance(10_000);
      for (const task of await claim(store, { queues: ["mail"], limit: 20 })) await finish(task);
      expect(await forecastOf("mail")).toEqual({
        ended_per_minute: 120,
        within: 10_000,
        come_per_minute: null,
        empty_in: 5_000,
        misses: null,
      });
    });

    test("say of a queue that is fed faster than it is worked that it grows, soon after its first task", async () => {
      await register("w");
      for (let second = 0; second < 10; second++) {
        await store.push(Array.from({ length: 4 }, () => newTask({ queue: "mail" })));
        clock.advance(1_000);
        for (const task of await claim(store, { queues: ["mail"], limit: 2 })) await finish(task);
      }
      const forecast = await forecastOf("mail");
      expect(forecast).toMatchObject({ ended_per_minute: 120, empty_in: null });
      expect(forecast?.come_per_minute).toBeWithin(180, 300);
    });

    test("count no minute in which the queue had nothing to run", async () => {
      await register("w");
      clock.advance(HOUR);
      for (let ago = 60; ago > 3; ago--) await add(countsOf(1), minute(ago));
      clock.advance(minute() - clock.now() - 3 * MINUTE);
      await store.push(Array.from({ length: 90 }, () => newTask({ queue: "mail" })));
      clock.advance(3 * MINUTE);
      for (let ago = 3; ago > 0; ago--) await add(countsOf(30), minute(ago));
      expect(await forecastOf("mail")).toMatchObject({ ended_per_minute: 30, within: 3 * MINUTE });
    });
  });
}
