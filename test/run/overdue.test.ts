/** A run that ends by itself after its time is over, though no timer could tell it. */
import { expect, test } from "bun:test";
import { task } from "tq";
import { testQueue } from "tq/testing";

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const busy = task("overdue.busy", { timeout: "10ms" }, (message: string | null) => {
  spin(20);
  if (message !== null) throw new Error(message);
  return "done";
});

test.each([null, "no paper"])(
  "a run that keeps its thread busy beyond its timeout has failed by it: throws %p",
  async (message) => {
    await using queue = await testQueue();
    await busy.push(message);
    const [run] = await queue.drain();
    expect(run).toMatchObject({ outcome: "failed", task: { state: "failed" } });
    expect(run?.task.reason).toStartWith("TimeoutError: ");
  },
);

test("a run that ends within its timeout is finished", async () => {
  const quick = task("overdue.quick", { timeout: "1h" }, () => "done");
  await using queue = await testQueue();
  await quick.push();
  expect(await queue.drain()).toMatchObject([{ outcome: "finished", result: "done" }]);
});
