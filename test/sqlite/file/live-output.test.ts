/** The files in which threads show what their runs say: what is kept of them, and when they go. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, spyOn, test } from "bun:test";
import { LiveFile } from "../../../src/sqlite/file/live-output.ts";
import { outputLine } from "../../../src/store/task-output.ts";
import type { ClaimedTask } from "../../../src/task.ts";
import { claimFirst, makeStore, OWNER, pushOne, type TestStore } from "../../support/store.ts";

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

const FINISHED = { kind: "finished", result: null, reason: null } as const;

const line = (text: string) => outputLine({ at: 1, level: "info", text });

/** The texts that other processes see of each run. */
const seen = async ({ store }: TestStore, id: number) =>
  (await store.output(id)).map(({ lines }) => lines.map(({ text }) => text));

/** A task that runs and has said "a" on its thread; `show` is what a thread does, also one that comes after it. */
async function talking({ store, path }: TestStore) {
  const id = await pushOne(store);
  const task = await claimFirst(store);
  const show = (run: ClaimedTask, ...texts: string[]) => {
    const live = new LiveFile(path, OWNER);
    live.begin(run);
    live.append(texts.map(line).join(""));
    live.close();
  };
  show(task, "a");
  return { id, task, show };
}

test("a run whose process died is shown and kept apart from the one after it, each line once", async () => {
  await using test = makeStore();
  const { store } = test;
  const subject = await talking(test);
  const { id, show } = subject;
  await store.rescueDead(3);
  expect(await seen(test, id)).toEqual([["a"]]);
  const again = await claimFirst(store);
  expect(again.attempt).toBe(2);
  show(subject.task, "a"); // the file has the run that died still
  expect(await seen(test, id)).toEqual([["a"]]);
  show(again, "b");
  expect(await seen(test, id)).toEqual([["a"], ["b"]]);
  await store.write(async (session) => {
    await session.settle(again, FINISHED);
    await session.keepOutput(id, 2, line("b"));
  });
  expect(await seen(test, id)).toEqual([["a"], ["b"]]);
});

test("a run that is cancelled after its process had died once keeps what both have said", async () => {
  await using test = makeStore();
  const { store } = test;
  const subject = await talking(test);
  const { id, show } = subject;
  await store.rescueDead(3);
  const again = await claimFirst(store);
  show(again, "b", "c");
  await store.cancel(id, "not needed");
  await store.rescueThread(OWNER, { running: again, reason: "it was ended", maxCrashes: null });
  expect(await seen(test, id)).toEqual([["a"], ["b", "c"]]);
});

test("a thread that dies before its run says anything keeps nothing of the run before a second time", async () => {
  await using test = makeStore();
  const { store } = test;
  const subject = await talking(test);
  const { id, show, task } = subject;
  await store.rescueDead(3);
  const running = await claimFirst(store);
  show(task, "a");
  await store.rescueThread(OWNER, { running, reason: "it went", maxCrashes: 3 });
  expect(await seen(test, id)).toEqual([["a"]]);
});

test("a run that a cancel has ended is seen as long as its thread shows it, and kept by the thread", async () => {
  await using test = makeStore();
  const { store } = test;
  const subject = await talking(test);
  const { id, show, task } = subject;
  await store.cancel(id, "not needed");
  show(task, "a", "b");
  expect(await seen(test, id)).toEqual([["a", "b"]]);
  await store.write((session) => session.keepCancelled(id, 1, line("a") + line("b") + line("c")));
  expect(await seen(test, id)).toEqual([["a", "b", "c"]]);
  // The thread dies later, and its file has the run still.
  await store.rescueThread(OWNER, { running: task, reason: "it went", maxCrashes: 3 });
  expect(await seen(test, id)).toEqual([["a", "b", "c"]]);
});

test("a run that a cancel has ended is kept with the death of its thread", async () => {
  await using test = makeStore();
  const { store } = test;
  const subject = await talking(test);
  const { id, task, show } = subject;
  await store.moveMany({ kind: "cancel", reason: "not needed" }, [id], { states: ["running"] });
  await store.rescueThread(OWNER, { running: task, reason: "cancelled", maxCrashes: null });
  show({ ...task, id: 99 }, "of another task");
  expect(await seen(test, id)).toEqual([["a"]]);
});

test("what a run says that has lost its claim without a cancel is not kept", async () => {
  await using test = makeStore();
  const { store } = test;
  const subject = await talking(test);
  const { id, show, task } = subject;
  await store.rescueThread(OWNER, { running: null, reason: "it went", maxCrashes: 3 });
  await store.write((session) => session.keepCancelled(id, 1, line("late")));
  show({ ...task, id: 99 }, "of another task");
  expect(await seen(test, id)).toEqual([]);
});

test("that the file cannot be read is said, with its path and what to do", async () => {
  await using test = makeStore();
  const { store, path } = test;
  const subject = await talking(test);
  rmSync(`${path}-output`, { recursive: true });
  expect(await store.output(subject.id)).toEqual([]);
  mkdirSync(`${path}-output/worker-1.1`, { recursive: true });
  expect(await store.output(subject.id)).toMatchObject([
    {
      attempt: 1,
      lines: [],
      unread: expect.stringMatching(/^EISDIR: .* right to read .*tq\.db-output, or/),
    },
  ]);
});

test("a file that is written anew while it is read is never taken for one text", async () => {
  await using test = makeStore();
  const { path } = test;
  const subject = await talking(test);
  const { id, claim } = subject.task;
  const head = (part: number) => `${JSON.stringify({ id, attempt: 1, claim, part })}\n`;
  const file = `${path}-output/worker-1.1`;
  const text = line("old").repeat(10_000);
  writeFileSync(file, head(1) + text);
  const { parse } = JSON;
  let isNew = false;
  // The reader has read the whole file when it reads the head of that text.
  using _ = spyOn(JSON, "parse").mockImplementation(((...given: Parameters<typeof parse>) => {
    if (!isNew && given[0] === head(1).trimEnd()) {
      isNew = true;
      writeFileSync(file, head(2) + line("new"));
    }
    return parse(...given) as unknown;
  }) as typeof parse);
  expect(await seen(test, id)).toEqual([["new"]]);
});
