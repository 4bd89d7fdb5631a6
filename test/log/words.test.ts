/** The words of each event. */
import { expect, test } from "bun:test";
import { type Event, levelOf } from "../../src/log/events.ts";
import { formatJson, formatText } from "../../src/log/log.ts";
import { ERROR, NOW, PLAIN, RUN } from "./support.ts";

const EVENTS: [Event, string][] = [
  [
    {
      name: "worker.started",
      worker: "w1",
      threads: 1,
      queues: [],
      database: "/d/tq.db",
      models: null,
      mode: "worker",
    },
    "worker w1 started  1 thread  queues all  database /d/tq.db  models none  mode worker",
  ],
  [
    {
      name: "worker.started",
      worker: "w1",
      threads: 2,
      queues: ["a", "b*"],
      database: "/d",
      models: "/m.ts",
      mode: "no worker",
    },
    "worker w1 started  2 threads  queues a, b*  database /d  models /m.ts  mode no worker",
  ],
  [
    { name: "worker.stopping", reason: "SIGTERM", grace: 30_000, running: 2 },
    "worker stops: SIGTERM; 2 running tasks have 30 s to end",
  ],
  [
    { name: "worker.stopping", reason: "nothing is left to do", grace: 30_000, running: 0 },
    "worker stops: nothing is left to do",
  ],
  [{ name: "worker.stopped", worker: "w1" }, "worker w1 stopped"],
  [
    { name: "worker.rescued", worker: "w1", pid: 7, tasks: 2, ids: [4, 5] },
    "worker w1 (pid 7) died: 2 tasks put back: 4, 5",
  ],
  [
    { name: "worker.rescued", worker: "w1", pid: 7, tasks: 2, ids: [4] },
    "worker w1 (pid 7) died: 2 tasks put back: 4, …",
  ],
  [
    { name: "worker.rescued", worker: "w1", pid: 7, tasks: 0, ids: [] },
    "worker w1 (pid 7) died: 0 tasks put back",
  ],
  [{ name: "thread.replaced", thread: 1, reason: "max_tasks" }, "thread 1 replaced: max_tasks"],
  [{ name: "task.started", ...RUN }, "task 42 started  sale.process [7]  run 1"],
  [
    { name: "task.postponed", ...RUN, delay: 1200, error: { ...ERROR, message: "" } },
    "task 42 is put off for 1.2 s by an error of the database  sale.process [7]  run 1  TypeError",
  ],
  [
    { name: "task.retried", ...RUN, delay: 1200, error: ERROR },
    `task 42 failed, and is tried again in 1.2 s  sale.process [7]  run 1  ${ERROR.name}: ${ERROR.message}`,
  ],
  [
    { name: "task.snoozed", ...RUN, delay: 60_000, reason: "the shop is closed" },
    "task 42 snoozes for 1 min  sale.process [7]  run 1  the shop is closed",
  ],
  [
    { name: "task.interrupted", ...RUN, reason: "the worker stops" },
    "task 42 interrupted and put back: the worker stops  sale.process [7]  run 1",
  ],
  [
    { name: "task.crashed", ...RUN, reason: "exit code 7", crashes: 2 },
    "task 42 crashed: exit code 7  sale.process [7]  run 1  crash 2",
  ],
  [
    { name: "task.poisoned", ...RUN, crashes: 3 },
    "task 42 set aside as failed after 3 crashes  sale.process [7]  run 1",
  ],
  [{ name: "task.cancelled", ...RUN, reason: null }, "task 42 cancelled  sale.process [7]  run 1"],
  [
    { name: "task.cancelled", ...RUN, attempt: 0, reason: "it expired" },
    "task 42 cancelled: it expired  sale.process [7]",
  ],
  [
    { name: "task.cancelled", ...RUN, reason: "not needed" },
    "task 42 cancelled: not needed  sale.process [7]  run 1",
  ],
  [
    { name: "task.started", ...RUN, ref: "order-7", queue: "mail" },
    "task 42 started  sale.process [7]  ref order-7  queue mail  run 1",
  ],
  [
    { name: "task.started", ...RUN, model: "thumbnail", method: null, instances: null },
    "task 42 started  thumbnail  run 1",
  ],
  [
    { name: "task.late", ...RUN, outcome: "finished" },
    "task 42 was cancelled or given to another worker while it ran; the work of this run was discarded; what it had committed before stays  sale.process [7]  run 1  it would have finished",
  ],
  [
    { name: "task.inline", ...RUN, scheduledAt: NOW },
    "task 42 runs now although it is scheduled for 2026-11-23T14:03:07.123Z: queue.worker is false  sale.process [7]  run 1",
  ],
  [
    { name: "lock.held", task: 42, thread: 1, duration: 1500, kept: "rows" },
    "task 42 has kept a transaction open for 1.5 s: others wait for the rows that it has written, and the server cannot clean up what has ended since; call Transaction.current.commit() before it waits, or let it run outside any transaction (transaction: false)",
  ],
  [
    { name: "lock.held", task: 42, thread: 1, duration: 1500, kept: "write lock" },
    "task 42 has held the write lock for 1.5 s and holds up all others; call Transaction.current.commit() before it waits, or let it run outside any transaction (transaction: false)",
  ],
  [
    { name: "admin.listening", url: "http://127.0.0.1:8989", token: "/d/tq.token" },
    "admin API listens on http://127.0.0.1:8989  token in /d/tq.token",
  ],
  [
    { name: "admin.listening", url: "unix:/run/tq.sock", token: "/d/tq.token" },
    "admin API listens on unix:/run/tq.sock  token in /d/tq.token  try curl --unix-socket /run/tq.sock http://localhost/healthz",
  ],
  [
    { name: "store.made", database: "/d", found: "nothing" },
    "made a new, empty database /d: there was nothing",
  ],
  [
    { name: "store.made", database: "h/shop", found: "no schema tq" },
    "made a new, empty queue in h/shop: it had no schema tq",
  ],
  [
    { name: "store.failed", database: "/d", error: ERROR },
    "/d cannot be used  TypeError: no price",
  ],
  [{ name: "store.recovered", database: "/d", duration: 2000 }, "/d can be used again after 2 s"],
  [
    { name: "config.worker_off", file: null, embedded: false, origin: "default" },
    "queue.worker is false: this worker runs only tasks pushed by SQL or HTTP and tasks left by dead programs, as programs run their own; set [queue] worker = true in tq.toml to have it run all tasks",
  ],
  [
    { name: "config.worker_off", file: "/d/tq.toml", embedded: true, origin: "tq.toml" },
    "queue.worker is false: this program leaves its tasks to its worker only while that runs; it runs those itself that it pushes before the start or after the stop, as other programs do with theirs; set [queue] worker = true in /d/tq.toml to have workers run all tasks",
  ],
];

test.each(EVENTS)("words %j", (event, words) => {
  expect(formatText(event, NOW, PLAIN).slice(36)).toBe(words);
  expect(JSON.parse(formatJson(event, NOW))).toMatchObject({
    message: words,
    level: levelOf(event),
  });
  expect(structuredClone(event)).toEqual(event);
});
