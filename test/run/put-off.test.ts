/** Tasks that met a busy database: what counts towards giving up, and what does not. */
import { expect, test } from "bun:test";
import { markOperational, TqError } from "../../src/errors.ts";
import { Model, type Queue } from "../../src/index.ts";
import { makeRuntime } from "../model/support.ts";

let busy = false;

class Job extends Model {
  declare static readonly __queue__: Queue<typeof Job>;
  static override readonly __name__ = "job";
  static async work(_jobs: Job[]) {
    if (busy) throw markOperational(new TqError("busy", "another program holds the lock"));
  }
}

const SETTINGS = { settings: { database: { retry: 0 } } };

test("a task that was retried by hand twenty times is put off at its first busy database", async () => {
  await using tq = makeRuntime(SETTINGS);
  busy = false;
  const [id = 0] = await Job.__queue__.work([1]);
  for (let time = 0; time < 21; time++) {
    expect(await tq.runTask(id)).toMatchObject({ state: "finished" });
    await tq.store.retry(id);
  }
  busy = true;
  expect(await tq.runTask(id)).toMatchObject({ state: "scheduled", attempts: 22 });
});

test("a task that was put off twenty times fails, and a retry by hand begins to count anew", async () => {
  await using tq = makeRuntime(SETTINGS);
  busy = true;
  const [id = 0] = await Job.__queue__.work([1]);
  for (let time = 0; time < 20; time++) {
    expect(await tq.runTask(id)).toMatchObject({ state: "scheduled" });
  }
  expect(await tq.runTask(id)).toMatchObject({ state: "failed" });
  await tq.store.retry(id);
  expect(await tq.runTask(id)).toMatchObject({ state: "scheduled" });
});

test("a task that is run again at once says so in the log, as its row does not", async () => {
  await using tq = makeRuntime({ settings: { database: { retry: 1 } } });
  busy = true;
  const [id = 0] = await Job.__queue__.work([1]);
  await tq.runTask(id);
  expect(tq.eventsOf("log.note").map(({ level, message }) => [level, message])).toEqual([
    [
      "info",
      `task ${id} (job.work) is run again at once, its work was undone: another program holds the lock`,
    ],
  ]);
});

test("a task is run again only where its last run did not end it", async () => {
  await using tq = makeRuntime(SETTINGS);
  const again = async (id: number) =>
    (await tq.store.write((session) => session.claimOne(id, { worker: "w", thread: 1 })))?.again;
  const handBack = () =>
    tq.store.rescueThread({ worker: "w", thread: 1 }, { running: null, reason: "", maxCrashes: 3 });
  busy = false;
  const [id = 0] = await Job.__queue__.work([1]);
  await tq.runTask(id);
  await tq.store.retry(id);
  expect(await again(id)).toBe(false);
  await handBack();
  busy = true;
  await tq.runTask(id);
  expect(await again(id)).toBe(true);
});
