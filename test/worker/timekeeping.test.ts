/** The tick of a worker in this process. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, jest, mock, setDefaultTimeout, spyOn, test } from "bun:test";
import { parseSettings } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import type { WorkerProcess } from "../../src/worker/worker.ts";
import { Timekeeping } from "../../src/worker/timekeeping.ts";
import { makeStore } from "../support/store.ts";
import { untilTrue } from "../support/until.ts";
import { events, folder, push, renewFolder, start, tasks } from "./job-worker.ts";

setDefaultTimeout(20_000);
renewFolder();

/** As the system answers a process that asks for one of another user, or for one that has ended. */
function refuseSignals(code: "EPERM" | "ESRCH"): void {
  spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error(`kill() failed: ${code}`), { code });
  });
}

test("a worker that exits with its parent goes on while the parent, of another user, lives", async () => {
  refuseSignals("EPERM");
  try {
    const worker = await start({ exitWithParent: true });
    const check = spyOn(worker.store, "check"); // a tick calls it after it has looked for the parent
    await untilTrue(() => check.mock.calls.length > 0);
    expect(events.map(({ name }) => name)).not.toContain("worker.stopping");
    refuseSignals("ESRCH");
    await worker.stopped;
    const reason = "the process that started it is gone";
    expect(events).toContainEqual(expect.objectContaining({ name: "worker.stopping", reason }));
  } finally {
    mock.restore();
  }
});

test("a database that refuses tick after tick is one note in the log, and another one when it does so again", async () => {
  const worker = await start({ exitWithParent: true }); // it ticks at full pace
  const rescue = spyOn(worker.store, "rescueDead");
  const notes = () => events.filter((event) => event.name === "log.note");
  const afterCalls = async (count: number) => {
    const until = rescue.mock.calls.length + count;
    await untilTrue(() => rescue.mock.calls.length >= until);
  };
  try {
    rescue.mockRejectedValue(new Error("malformed"));
    await afterCalls(3);
    expect(notes()).toEqual([
      expect.objectContaining({
        message: "Cannot end cancelled tasks or rescue dead workers: Error: malformed",
      }),
    ]);
    rescue.mockResolvedValue([]);
    await afterCalls(2);
    rescue.mockRejectedValue(new Error("malformed"));
    await afterCalls(3);
    expect(notes()).toHaveLength(2);
  } finally {
    mock.restore();
    await worker.stop();
  }
});

test("a clock that is set back, or forward, is a note in the log", async () => {
  const worker = await start({ exitWithParent: true }); // it ticks at full pace
  const notes = () => events.flatMap((event) => (event.name === "log.note" ? event.message : []));
  try {
    spyOn(worker.store, "now").mockImplementation(() => Date.now() - 60_000);
    await untilTrue(() => notes().length > 0);
    spyOn(worker.store, "now").mockImplementation(() => Date.now() + 120_000);
    await untilTrue(() => notes().length > 1);
    expect(notes()).toEqual([
      "The clock was set back by 1 min; a slot of a recurring task that is decided does not come again",
      "The clock was set forward by 3 min, or the machine slept",
    ]);
  } finally {
    mock.restore();
    await worker.stop();
  }
});

/** Counts the ticks of a worker that stops, which runs nothing. */
function countTicks(store: Store) {
  const ticks = { count: 0 };
  const timekeeping = new Timekeeping(
    {
      config: parseSettings({}, "the test"),
      store,
      pool: { threads: [], busyThreads: [], writing: false },
      statistics: { tick: () => {} },
      report: () => {},
    } as never,
    { ticked: () => ticks.count++, tasksMoved: () => {}, orphaned: () => {}, lost: () => {} },
  );
  timekeeping.stop();
  return { ticks, timekeeping };
}

test("a tick that is due soon comes with a look, and does not wake the process once more", async () => {
  await using subject = makeStore();
  jest.useFakeTimers();
  const { ticks, timekeeping } = countTicks(subject.store);
  timekeeping.pace(true);
  jest.advanceTimersByTime(9_400);
  timekeeping.pace(true);
  expect(ticks.count).toBe(0);
  jest.advanceTimersByTime(200);
  timekeeping.pace(true);
  expect(ticks.count).toBe(1);
  jest.advanceTimersByTime(9_900);
  expect(ticks.count).toBe(1);
  jest.advanceTimersByTime(200);
  expect(ticks.count).toBe(2);
  timekeeping.end();
  jest.useRealTimers();
});

test("short tasks that come now and then do not put off the tick", async () => {
  await using subject = makeStore();
  jest.useFakeTimers();
  const { ticks, timekeeping } = countTicks(subject.store);
  for (let second = 0; second < 30; second += 5) {
    timekeeping.pace(false);
    timekeeping.pace(true);
    jest.advanceTimersByTime(5_000);
  }
  timekeeping.end();
  jest.useRealTimers();
  expect(ticks.count).toBeGreaterThanOrEqual(2);
});

test("a worker that stops ticks at full pace, though its last look saw no task run", async () => {
  await using subject = makeStore();
  jest.useFakeTimers();
  const { ticks, timekeeping } = countTicks(subject.store);
  timekeeping.pace(true);
  timekeeping.stop();
  jest.advanceTimersByTime(1_000);
  timekeeping.end();
  jest.useRealTimers();
  expect(ticks.count).toBeGreaterThanOrEqual(3);
});

test("a worker that stops proves its life on, and ends what it runs where others may take it for dead", async () => {
  let missed: (why: string) => void = () => {};
  const beforeStart = ({ store }: WorkerProcess) => {
    const register = store.register.bind(store);
    store.register = (worker) => {
      missed = worker.missed ?? missed;
      return register(worker);
    };
  };
  const worker = await start({ beforeStart });
  const hangs = join(folder, "hangs");
  push("hang", [hangs]);
  await untilTrue(() => existsSync(hangs));
  const stopping = worker.stop();
  const checks = spyOn(worker.store, "checkAlive");
  await untilTrue(() => checks.mock.calls.length > 0);
  missed("the server is gone");
  await stopping;
  expect(tasks()[0]).toMatchObject({ state: "ready", crashes: 0 });
  expect(events).toContainEqual(
    expect.objectContaining({
      message: "This worker stops, though the server is gone; ended what a thread ran",
    }),
  );
});
