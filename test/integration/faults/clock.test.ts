/** A clock that is set forward and back under running workers. */
import { rmSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../../support/needs.ts";
import { settableClock } from "./machine.ts";
import { eventually } from "../support/eventually.ts";
import { siteWithModels } from "../support/models.ts";
import { expectEachOnce } from "./steps.ts";

setDefaultTimeout(60_000);

needs("faketime").describe("a clock that is set a year forward and back", () => {
  const YEAR = 365 * 24 * 3_600_000;

  test("neither loses nor doubles nor delays a task, and ends none that runs", async () => {
    using clock = settableClock();
    await using site = siteWithModels();
    const { env } = clock;
    const push = async (...args: string[]) => {
      const { code, stdout, stderr } = await site
        .start(["push", "-q", "job", ...args], { env })
        .ended();
      expect(stderr).toBe("");
      expect(code).toBe(0);
      return Number(stdout);
    };
    const worker = await site.worker(["-n", "2", "--queue", "default"], { env });
    const other = await site.worker(["-n", "1", "--queue", "nothing"], { env });
    const running = await push("linger", "1");
    await worker.says("task.started", { task: running });
    const holding = await push("wait", "2"); // it keeps the write lock: its limit is 60 s
    await worker.says("task.started", { task: holding });
    expect(Math.abs(Date.now() - (site.task(holding).dequeued_at ?? 0))).toBeLessThan(60_000);
    site.write("go", "");
    for (const id of [running, holding]) await site.becomes(id, "finished");
    rmSync(site.file("go"));

    const [still, soon, far] = [
      await push("linger", "3"),
      await push("add", "4", "--scheduled-at", "30m"),
      await push("add", "5", "--scheduled-at", "9000h"),
    ];
    await worker.says("task.started", { task: still });
    clock.set("+1y");
    await site.becomes(soon, "finished"); // by the wall clock it is due
    expect(site.task(soon).finished_at).toBeGreaterThan(Date.now() + YEAR / 2);
    expect(site.task(far).state).toBe("scheduled");
    const waiting = await push("add", "6", "--queue", "later");
    const delayed = await push("add", "7", "--queue", "later", "--scheduled-at", "30m");
    expect(site.task(waiting).enqueued_at).toBeGreaterThan(Date.now() + YEAR / 2);

    clock.set("+0");
    await eventually("their times are mended", () =>
      [waiting, delayed].every((id) => site.task(id).enqueued_at <= Date.now()),
    );
    expect(site.task(waiting)).toMatchObject({ state: "ready" });
    expect(site.task(delayed).scheduled_at).toBeWithin(
      Date.now() + 1_700_000,
      Date.now() + 1_900_000,
    );
    const after = await push("add", "8", "--queue", "later");
    const drain = site.start(["worker", "-n", "1", "--queue", "later", "--drain"], { env });
    expect((await drain.ended()).code).toBe(0);
    const order = drain.log.filter(({ event }) => event === "task.finished");
    expect(order.map(({ task }) => task)).toEqual([waiting, after]);

    expect(site.task(still)).toMatchObject({ state: "running", claim: 1 });
    site.write("go", "");
    await site.becomes(still, "finished");
    await site.becomes(await push("add", "9"), "finished");
    expect(worker.find("thread.replaced")).toBeUndefined();
    expect(other.find("worker.rescued")).toBeUndefined();
    expectEachOnce(site, [1, 2, 3, 4, 6, 8, 9]);
    for (const id of [running, holding, still, soon, waiting]) {
      expect(site.task(id)).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
    }
  });
});
