/** The error of a wait for a result that takes too long says why the task has not ended. */
import { expect, test } from "bun:test";
import { tasks } from "../../src/index.ts";
import { makeRuntime, sentenceOf } from "../model/support.ts";
import { pushed } from "./clerk.ts";

test("the error of a wait that takes too long says that a pause holds the task, by whom and why", async () => {
  await using _tq = makeRuntime();
  const id = await pushed();
  await tasks.pause({ task: "clerk.work" }, { by: "ana", reason: "stocktaking" });
  const sentence = await sentenceOf(() => tasks.result(id, { timeout: { milliseconds: 20 } }));
  expect(sentence).toMatch(
    /it is ready; its method clerk\.work is paused by ana since \S+: stocktaking; no worker is running/,
  );
});
