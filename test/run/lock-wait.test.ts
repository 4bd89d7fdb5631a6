/** The time of a run stands still while its thread waits for the write lock. */
import { expect, test } from "bun:test";
import { monotonicNow, setTimeout } from "../../src/clock.ts";
import { task } from "../../src/index.ts";
import type { Progress } from "../../src/shared-memory/progress.ts";
import { makeRuntime } from "../model/support.ts";

let progress: Progress;

/** The thread seems to have waited for the lock for this long, since now. */
function waitForLock(ms: number): void {
  const now = monotonicNow();
  progress.lockAwaited(now);
  progress.lockTaken(false, now + ms);
}

function spin(ms: number): void {
  const end = monotonicNow() + ms;
  while (monotonicNow() < end);
}

const block = task("invoice.block", { timeout: "10ms" }, (wait: number) => {
  spin(20);
  waitForLock(wait);
});

const sleep = task("invoice.sleep", { timeout: "10ms" }, async (wait: number) => {
  waitForLock(wait);
  await new Promise((resolve) => setTimeout(resolve, 20)); // behind the timer of the timeout
});

test.each([block, sleep])(
  "a run is not overdue by its wait for the write lock, and is by its own time: %#",
  async (invoice) => {
    await using tq = makeRuntime();
    ({ progress } = tq);
    const waited = await tq.runTask(await invoice.push(1_000));
    expect(waited).toMatchObject({ state: "finished", reason: null });
    const own = await tq.runTask(await invoice.push(0));
    expect(own).toMatchObject({ state: "failed", reason: "TimeoutError: timed out after 10 ms" });
  },
);
