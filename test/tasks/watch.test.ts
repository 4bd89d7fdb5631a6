/** `tasks.watch`: the changes of a task until its end, and what ends a watch before that. */
import { expect, spyOn, test } from "bun:test";
import { tasks } from "../../src/index.ts";
import { errorOf, makeRuntime, sentenceOf } from "../model/support.ts";
import { untilTrue } from "../support/until.ts";
import { Clerk, clerk, fails, pushed, ran } from "./clerk.ts";

test("a watch gives the present task, then each change that it sees, and ends after the end", async () => {
  await using tq = makeRuntime();
  clerk.does = fails(new Error("off"));
  const id = await Clerk.__queue__.patient(1);
  const seen: (readonly [string, number, string | null])[] = [];
  let runs: Promise<unknown> = Promise.resolve();
  for await (const { state, attempts, reason } of tasks.watch(id)) {
    seen.push([state, attempts, reason]);
    if (state === "running" || state === "finished") continue;
    if (attempts === 2) clerk.does = () => "on";
    runs = runs.then(() => tq.runTask(id)); // a thread ends one before it begins another
  }
  await runs;
  expect(seen.filter(([state]) => state !== "running")).toEqual([
    ["ready", 0, null],
    ["scheduled", 1, "Error: off"],
    ["scheduled", 2, "Error: off"],
    ["finished", 3, null],
  ]);
});

test("a watch of a task that has ended gives it once", async () => {
  await using tq = makeRuntime();
  const id = await ran(tq, () => "done");
  const seen = await Array.fromAsync(tasks.watch(id));
  expect(seen).toMatchObject([{ id, state: "finished", result: "done" }]);
});

test("leaving the loop, or ending a watch that waits, stops all looks", async () => {
  await using tq = makeRuntime({ late: false });
  const id = await pushed();
  const changed = spyOn(tq.store, "changed");
  for await (const task of tasks.watch(id)) {
    expect(task.state).toBe("ready");
    break;
  }
  const watch = tasks.watch(id);
  await watch.next();
  const waiting = watch.next();
  await untilTrue(() => changed.mock.calls.length > 0);
  await watch.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
  const [, , signal] = changed.mock.calls.at(-1) ?? [];
  expect(signal?.aborted).toBe(true);
  expect(await watch.next()).toEqual({ done: true, value: undefined });
  changed.mockRestore();
});

test("a signal ends a watch with its reason", async () => {
  await using _tq = makeRuntime();
  const id = await pushed();
  const stop = new AbortController();
  const watch = tasks.watch(id, { signal: stop.signal });
  await watch.next();
  const waiting = errorOf(watch.next());
  stop.abort(new Error("the page was left"));
  expect((await waiting).message).toBe("the page was left");
  expect(await watch.next()).toEqual({ done: true, value: undefined });
});

test("a task that there is not is refused, and one that is deleted meanwhile", async () => {
  await using tq = makeRuntime();
  expect(await sentenceOf(() => tasks.watch(9).next())).toBe(
    "Cannot watch task 9: there is no such task; it may have been cleaned",
  );
  const watch = tasks.watch(await pushed());
  await watch.next();
  tq.sql("DELETE FROM tq__task");
  expect(await sentenceOf(() => watch.next())).toBe(
    "Cannot watch task 1: it was deleted meanwhile",
  );
});
