/** How far a task is, seen by other processes while it runs. */
import { expect, test } from "bun:test";
import { LiveFile } from "../../src/sqlite/file/live-output.ts";
import { outputLine, type TaskProgress } from "../../src/store/task-output.ts";
import { watchTask } from "../../src/tasks/watch.ts";
import {
  claim,
  claimFirst,
  makeStore,
  newTask,
  OWNER,
  pushOne,
  type TestStore,
} from "../support/store.ts";

const FINISHED = { kind: "finished", result: null, reason: null } as const;

function said(done: number, text: string | null = null): TaskProgress {
  return { at: 1, done, total: 9, text };
}

/** A task that runs, with what its thread shows. */
async function runningTask({ store, path }: TestStore) {
  const id = await pushOne(store);
  const claim = await claimFirst(store);
  const live = new LiveFile(path, OWNER);
  live.begin(claim);
  return { id, claim, live, [Symbol.dispose]: () => live.close() };
}

const progressOf = async ({ store }: TestStore, id: number) =>
  (await store.standings([id], new Set([id])))[0]?.progress;

test("how far a task is stands last, behind lines of any length, and may be torn", async () => {
  await using subject = makeStore();
  using task = await runningTask(subject);
  expect(await progressOf(subject, task.id)).toBeNull();
  const line = outputLine({ at: 1, level: "info", text: "é".repeat(9_000) });
  task.live.append(outputLine(said(1)));
  task.live.append(line.repeat(20) + outputLine(said(2, "é".repeat(1_000))));
  expect(await progressOf(subject, task.id)).toEqual(said(2, "é".repeat(1_000)));
  task.live.append('{"at":1,"do');
  expect(await progressOf(subject, task.id)).toEqual(said(2, "é".repeat(1_000)));
});

test("it is read only where it is asked for, and of the present run", async () => {
  await using subject = makeStore();
  using task = await runningTask(subject);
  task.live.append(outputLine(said(1)));
  expect((await subject.store.standings([task.id]))[0]?.progress).toBeNull();
  expect(await progressOf(subject, task.id)).toEqual(said(1));
  task.live.begin({ ...task.claim, claim: 2 });
  task.live.append(outputLine(said(3)));
  expect(await progressOf(subject, task.id)).toBeNull();
  task.live.begin({ ...task.claim, id: task.id + 1 });
  task.live.append(outputLine(said(4)));
  expect(await progressOf(subject, task.id)).toBeNull();
});

test("a watch tells of it, though no commit does, and not of one that is said again", async () => {
  await using subject = makeStore();
  using task = await runningTask(subject);
  const seen: (number | null)[] = [];
  for await (const { state, progress } of watchTask(subject.store, task.id)) {
    seen.push(progress?.done ?? null);
    if (state === "finished") break;
    if (seen.length < 3) task.live.append(outputLine(said(seen.length)));
    else {
      task.live.append(outputLine({ ...said(2), at: 2 }));
      await subject.store.write((session) => session.settle(task.claim, FINISHED));
    }
  }
  expect(seen).toEqual([null, 1, 2, null]);
});

test("of several tasks that a thread holds, it runs the one that has said something", async () => {
  await using subject = makeStore();
  const { store, path } = subject;
  const ids = await store.push([newTask(), newTask(), newTask()]);
  const [, second] = await claim(store, { limit: 3 });
  const held = async () => (await store.working()).threads;
  expect(await held()).toMatchObject([{ task: { id: ids[0] }, isSure: false, others: 2 }]);
  const live = new LiveFile(path, OWNER);
  if (second) live.begin(second);
  live.append(outputLine(said(4)));
  live.close();
  expect(await held()).toMatchObject([
    { task: { id: second?.id }, isSure: true, others: 2, progress: said(4) },
  ]);
  if (second) await store.write((session) => session.settle(second, FINISHED));
  expect(await held()).toMatchObject([{ task: { id: ids[0] }, others: 1, progress: null }]);
});
