/** `queue.worker = false`, and a worker takes the task of a program before the program does. */
import { afterEach, expect, test } from "bun:test";
import type { ClaimedTask } from "../../src/task.ts";
import { makeRuntime } from "../model/support.ts";
import { until } from "../support/until.ts";
import { Job, log } from "./job.ts";

afterEach(() => void (log.length = 0));

/** A worker that lives claims the first task of each push before the program can. */
async function withFasterWorker(tq: ReturnType<typeof makeRuntime>): Promise<ClaimedTask[]> {
  const owner = { worker: "other", thread: 0 };
  await tq.store.register({ id: owner.worker, pid: process.pid, threads: 1, queues: [] });
  const claimed: ClaimedTask[] = [];
  const push = tq.store.push.bind(tq.store);
  Object.assign(tq.store, {
    push: async (tasks: Parameters<typeof push>[0]) => {
      const ids = await push(tasks);
      const task = await tq.store.write((session) => session.claimOne(ids[0] ?? 0, owner));
      if (task) claimed.push(task);
      return ids;
    },
  });
  return claimed;
}

test("a task that a worker was faster to take is run by it alone, and the push waits for its end", async () => {
  await using tq = makeRuntime({ worker: false });
  const claimed = await withFasterWorker(tq);
  let isAnswered = false;
  const pushed = Job.__queue__.note([1], "twice").then(() => (isAnswered = true));
  const message = `a worker (pid ${process.pid}) was faster to take task 1: this program waits for the end of that run`;
  await until(() =>
    expect(tq.eventsOf("log.note")).toContainEqual(expect.objectContaining({ message })),
  );
  expect(isAnswered).toBeFalse();
  const [task] = claimed;
  if (task === undefined) throw new Error("The worker has claimed no task");
  const outcome = { kind: "finished", result: null, reason: null } as const;
  await tq.store.write((session) => session.settle(task, outcome));
  await pushed;
  expect(log).toEqual([]);
  expect((await tq.getTask(1)).state).toBe("finished");
  await tq.store.unregister("other");
});

test("a push does not wait for a worker that has died with its task", async () => {
  await using tq = makeRuntime({ worker: false });
  await withFasterWorker(tq);
  const isAlive = tq.store.isAlive.bind(tq.store);
  const isDead = () => tq.eventsOf("log.note").some(({ message }) => message.includes("faster"));
  Object.assign(tq.store, {
    isAlive: async (id: string) => !(id === "other" && isDead()) && isAlive(id),
    rescueDead: async () => void (isDead() && (await tq.store.unregister("other"))),
  });
  await Job.__queue__.note([1], "twice");
  expect(log).toEqual([]);
  expect((await tq.getTask(1)).state).toBe("ready");
  expect(tq.eventsOf("log.note").at(-1)).toMatchObject({
    level: "warn",
    message: "task 1 waits for tq worker: the worker that ran it has died",
  });
});
