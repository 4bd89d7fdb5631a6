/** The files in which threads show what their runs say: what is kept of them, and when they go. */
import { readdirSync } from "node:fs";
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
  live.begin(running);
  const line = (index: number) => outputLine({ at: 1, level: "info", text: `${index} is a line` });
  live.append(Array.from({ length: 20_000 }, (_, index) => line(index)).join(""));
  live.close();
  await store.rescueThread(OWNER, { running, reason: "it went", maxCrashes: 3 });
  const [run] = await store.output(id);
  expect(run?.lines.at(-1)?.text).toBe("19999 is a line");
  expect(run?.lines).toHaveLength(10_000);
  const cut = Array.from({ length: 10_000 }, (_, index) => `${index} is a line\n`).join("");
  expect(run?.cut).toEqual({ lines: 10_000, bytes: cut.length });
});

test("a worker that starts removes what threads have shown whose worker is not registered", async () => {
  await using test = makeStore();
  const { store, path } = test;
  const worker = (id: string) => ({ id, pid: process.pid, threads: 0, queues: [] });
  await store.register(worker("worker-live"));
  for (const id of ["worker-live", "worker-gone"]) {
    const live = new LiveFile(path, { worker: id, thread: 1 });
    live.begin({ id: 1, attempt: 1, claim: 1 });
    live.close();
  }
  await store.register(worker("worker-new"));
  expect(readdirSync(`${path}-output`)).toEqual(["worker-live.1"]);
  for (const id of ["worker-live", "worker-new"]) await store.unregister(id);
});
