/** What the run of a dead thread has shown is kept with the run. */
import { expect, test } from "bun:test";
import { LiveFile } from "../../../src/sqlite/file/live-output.ts";
import { outputLine } from "../../../src/store/task-output.ts";
import { claimFirst, makeStore, OWNER, pushOne } from "../../support/store.ts";

test("of much that a dead thread has shown the newest is kept, and it is said how much is not", async () => {
  await using test = makeStore();
  const { store, path } = test;
  const id = await pushOne(store);
  const running = await claimFirst(store);
  const live = new LiveFile(path, OWNER);
  live.begin(id, 1);
  const line = (index: number) => outputLine({ at: 1, level: "info", text: `${index} is a line` });
  live.append(Array.from({ length: 20_000 }, (_, index) => line(index)).join(""));
  live.close();
  await store.rescueThread(OWNER, { running, reason: "it went", maxCrashes: 3 });
  const [run] = await store.output(id);
  expect(run?.lines.at(-1)?.text).toBe("19999 is a line");
  expect(run?.lines.length).toBeLessThan(6_000);
  expect(run?.cut).toBeGreaterThan(600_000);
});
