/** `tq stats`, and what `tq status` says of the last hour and of the time to come. */
import { expect, test } from "bun:test";
import { SeriesCounts } from "../../src/statistics/counts.ts";
import type { Store } from "../../src/store/store.ts";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

const MINUTE = 60_000;

function minutesAgo(count: number): number {
  return Math.floor(Date.now() / MINUTE) * MINUTE - count * MINUTE;
}

/** A worker that ran tasks of two queues in the last minutes. */
async function withRuns(store: Store): Promise<void> {
  await store.register({ id: "w", pid: 1, threads: 1, queues: [] });
  for (const ago of [5, 4, 3, 2, 1]) {
    const counts = new SeriesCounts();
    const sale = counts.of({ queue: "default", model: "sale", method: "process" });
    sale.ends.finished = 60;
    sale.measures.run.add(12.5);
    sale.measures.wait.add(1_500);
    const mail = counts.of({ queue: "mail", model: "mail", method: "send" });
    Object.assign(mail.ends, { finished: 5, failed: 1, retried: 2 });
    mail.measures.late_start.add(2_000);
    mail.measures.late_end.add(90_000);
    await store.statistics.add({ worker: "w", number: 6 - ago, at: minutesAgo(ago), counts });
  }
}

test("tq stats shows how many tasks of each queue ran, how long they waited, and how late they were", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  await withRuns(store.store);
  const { stdout, code } = await folder.tq("stats");
  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n")).toEqual([
    "Tasks that ended in the last hour",
    "queue    a minute  finished  failed  retried",
    "default         5       300       0        0",
    "mail          0.5        25       5       10",
    "",
    "How long they waited for a thread, and ran",
    "queue    wait p50    p99  worst  run p50    p99  worst",
    "default     1.4 s  1.4 s  1.5 s    13 ms  13 ms  13 ms",
    "",
    "How late they started after scheduled_at, and ended after expected_at",
    "queue  start p50    p99  worst  end p50      p99    worst",
    "mail       1.9 s  1.9 s    2 s  1.5 min  1.5 min  1.5 min",
    "",
    "Where runs failed",
    "  mail.send (queue mail): 5 failed, 10 retried",
  ]);
});

test("tq stats names functions as lists do, and the queue of what failed", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  await store.store.push([newTask({ model: "phone", method: "call", instances: [7] })]);
  await store.store.register({ id: "w", pid: 1, threads: 1, queues: [] });
  const counts = new SeriesCounts();
  for (const queue of ["mail", "post"]) {
    counts.of({ queue, model: "send_invoice", method: "call" }).ends.failed = 1;
  }
  counts.of({ queue: "mail", model: "phone", method: "call" }).ends.failed = 3;
  await store.store.statistics.add({ worker: "w", number: 1, at: minutesAgo(2), counts });
  const { stdout } = await folder.tq("stats");
  expect(stdout).toEndWith(
    "Where runs failed\n  phone.call (queue mail): 3 failed\n" +
      "  send_invoice (queue mail): 1 failed\n  send_invoice (queue post): 1 failed\n",
  );
  const byTask = await folder.tq("stats", "--by", "task");
  expect(byTask.stdout).toMatch(/^send_invoice +/m);
  expect((await folder.tq("stats", "mail")).stdout).toMatch(/^send_invoice +/m);
});

test("tq stats is not wider than the terminal, headings too", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  await withRuns(store.store);
  const { text } = await folder.inTerminal({ columns: 60 }, "stats", "-q");
  for (const line of text.split(/\r?\n/)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(60);
});

test("tq stats of one queue shows its methods, and --by hour adds them up by the hour", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  await withRuns(store.store);
  const tasks = await folder.tq("stats", "mail");
  expect(tasks.stdout).toContain("Tasks of queue mail that ended in the last hour\ntask ");
  expect(tasks.stdout).toMatch(/^mail\.send +0\.5 +25 +5 +10$/m);
  expect(tasks.stdout).not.toContain("Where runs failed");
  const hours = await folder.tq("stats", "mail", "--by", "hour", "--last", "day");
  expect(hours.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:00 /m);
});

test("tq stats of a pattern shows the queues that it fits", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  await withRuns(store.store);
  const { stdout } = await folder.tq("stats", "m*l");
  expect(stdout).toStartWith("Tasks of queues m*l that ended in the last hour\nqueue  a minute");
  expect(stdout).toMatch(/^mail +0\.5 +25/m);
  expect(stdout).not.toContain("default");
  expect(stdout).toContain("  mail.send (queue mail): 5 failed, 10 retried");
  const none = await folder.tq("stats", "print*");
  expect(none.stdout).toContain("of queues print*");
  expect(none.stderr).toContain('No task has the queue "print*"');
});

test("tq stats --json gives every number, in ms", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  await withRuns(store.store);
  const { stdout } = await folder.tq("stats", "--json", "--by", "task", "--last", "7d");
  const answer = JSON.parse(stdout) as Record<string, unknown> & { since: number; until: number };
  expect(answer.until - answer.since).toBeGreaterThanOrEqual(7 * 24 * 60 * MINUTE);
  expect(answer).toMatchObject({
    by: "task",
    queue: null,
    groups: [
      { model: "sale", method: "process", name: "sale.process", runs: 300, ended: 300 },
      { model: "mail", method: "send", failed: 5, late_end: { count: 5, worst: 90_000 } },
    ],
    failures: [
      { queue: "mail", model: "mail", method: "send", failed: 5, retried: 10, crashed: 0 },
    ],
  });
});

test("tq stats fits a terminal of 80 columns, whatever the names", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  const { store: db } = store;
  await db.register({ id: "w", pid: 1, threads: 1, queues: [] });
  const counts = new SeriesCounts();
  for (let index = 0; index < 60; index++) {
    const of = counts.of({ queue: "q", model: "m".repeat(70), method: `run${index}` });
    Object.assign(of.ends, { finished: 1e6, failed: 1e5, retried: 1e5, crashed: 1e5, snoozed: 9 });
    for (const measure of ["wait", "run", "late_start", "late_end"] as const) {
      of.measures[measure].add(86_400_000 * 12.3);
    }
  }
  await db.statistics.add({ worker: "w", number: 1, at: minutesAgo(1), counts });
  const { text } = await folder.inTerminal({ columns: 80 }, "stats", "--by", "task");
  const lines = text.trimEnd().split(/\r?\n/);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toContain("and 20 more: --json has them all");
});

test("tq stats says where nothing ran, and names the near queue", async () => {
  await using folder = new Folder();
  await using store = closing(folder);
  await store.store.push([newTask({ queue: "mail" })]);
  const none = await folder.tq("stats");
  expect(none.stdout).toBe("The statistics of the last hour have no runs\n");
  expect(none.stderr).toContain("as each minute ends");
  const near = await folder.tq("stats", "mial", "--last", "day");
  expect(near.stdout).toBe("The statistics of the last day have no runs of queue mial\n");
  expect(near.stderr).toContain('did you mean "mail"');
});

test.each([
  [["--last", "5"], /^tq: --last cannot be "5".*|--last/],
  [
    ["--last", "10s"],
    /--last cannot be "10s": it must be hour, day, week, or a length from 1m to 366d/,
  ],
  [["--last", "400d"], /--last cannot be "400d"/],
  [
    ["--by", "queues"],
    /--by cannot be "queues": it must be one of queue, task, hour; did you mean/,
  ],
  [["--by", "queue,task"], /--by cannot be "queue,task": it must be one word/],
])("tq stats refuses %j with a sentence", async (args, sentence) => {
  await using folder = new Folder();
  await folder.store().close();
  const { code, stderr } = await folder.tq("stats", ...args);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(sentence);
});

test("tq status says how late the last hour was, when a queue will be empty, and what will miss its time", async () => {
  await using folder = new Folder();
  // The worker and the tasks have been there for ten minutes.
  const clock = { now: () => Date.now() - 10 * MINUTE, monotonic: () => performance.now() };
  const db = folder.store(clock);
  await withRuns(db);
  const soon = Date.now() + 20_000;
  await db.push(
    Array.from({ length: 62 }, (_, index) =>
      newTask({ expectedAt: index < 30 ? soon : Date.now() + 60 * MINUTE }),
    ),
  );
  const { stdout } = await folder.tq("status");
  expect(stdout).toContain("last hour  waited p50    p99  worst  late p50      p99    worst");
  expect(stdout).toMatch(
    /^default: empty in about 1 min; (9|1\d) tasks will miss their expected_at, the first, \d+, by \d+ m?s \(at the rate of the last 5 min\)$/m,
  );
  const { stdout: json } = await folder.tq("status", "--json");
  expect(JSON.parse(json)).toMatchObject({
    queues: [{ queue: "default", forecast: { ended_per_minute: 60, empty_in: 62_000 } }],
    last_hour: [{ queue: "default", finished: 300 }, { late_end: { worst: 90_000 } }],
  });
  await db.close();
});

function closing(folder: Folder) {
  const store = folder.store();
  return { store, [Symbol.asyncDispose]: () => store.close() };
}
