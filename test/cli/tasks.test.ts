import { describe, expect, test } from "bun:test";
import { explain } from "../../cli/command/explain.ts";
import { taskBlock, taskTable } from "../../cli/terminal/tasks.ts";
import { retention } from "../../src/settings/retention.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { TqError } from "../../src/errors.ts";
import type { Task, TaskError } from "../../src/task.ts";

const AT = new Date(2026, 6, 3, 4, 5, 6).getTime();

const TASK: Task = {
  id: 7,
  state: "failed",
  queue: "mail",
  priority: 0,
  model: "sale",
  method: "process",
  instances: [1, 2],
  args: [],
  user: 1,
  context: { company: 1 },
  ref: null,
  enqueued_at: AT - 5000,
  scheduled_at: null,
  expected_at: null,
  expires_at: null,
  failures: 1,
  snoozes: 0,
  policy: null,
  dequeued_at: AT - 2500,
  finished_at: AT,
  attempts: 1,
  crashes: 0,
  worker: null,
  result: null,
  reason: "Error: no\u001b[2J paper",
};

const ERROR: TaskError = {
  id: 1,
  task: 7,
  name: "Error",
  code: null,
  message: "no\u001b[2J paper\nin tray 2",
  stack: "Error: no paper\n    at process (models.ts:3:9)\n    at \u001b[31mrun",
  attempt: 1,
  count: 3,
  first_at: AT - 1000,
  last_at: AT,
};

const PIPE = { width: null, colour: false };

describe("the table of tasks", () => {
  test("says of each task what it calls and since when it is in its state", () => {
    expect(taskTable([TASK], PIPE).split("\n")).toEqual([
      "id  state   queue  call          instances  runs  time                 reason",
      " 7  failed  mail   sale.process  [1,2]         1  2026-07-03 04:05:06  Error: no\\x1b[2J paper",
    ]);
  });

  test("says of a scheduled task when it is due, of a ready one when it was pushed", () => {
    const due = { ...TASK, state: "scheduled", scheduled_at: AT + 60_000 } as const;
    expect(taskTable([due], PIPE)).toContain("2026-07-03 04:06:06");
    expect(taskTable([{ ...TASK, state: "ready" }], PIPE)).toContain("2026-07-03 04:05:01");
    expect(taskTable([{ ...TASK, state: "running" }], PIPE)).toContain("2026-07-03 04:05:03");
  });

  const REASON = "Error: the printer in the cellar has no paper, and its tray 2 is open";

  test.each([80, 100])("puts long reasons below their tasks at %i columns", (width) => {
    const tasks = [
      { ...TASK, reason: REASON },
      { ...TASK, id: 12, reason: null, queue: "a" },
    ];
    const lines = taskTable(tasks, { width, colour: false }).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).not.toContain("reason");
    expect(lines[1]).toContain(width < 100 ? "07-03 04:05" : "2026-07-03 04:05:06");
    expect(lines[2]).toBe(`    ${REASON}`);
    const long = taskTable([{ ...TASK, reason: REASON.repeat(9) }], { width, colour: true });
    for (const line of long.split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
  });

  test("keeps a reason in its task's line where there is room, for which a queue that all share gives way", () => {
    const tasks = [{ ...TASK, reason: REASON }, TASK].map((task) => ({ ...task, queue: "shop" }));
    const lines = (width: number) => taskTable(tasks, { width, colour: false }).split("\n");
    const [heading = "", first = ""] = lines(150);
    expect(first).toEndWith(
      `  shop   sale.process  [1,2]         1  2026-07-03 04:05:06  ${REASON}`,
    );
    expect(heading).toContain("queue");
    expect(lines(136)[0]).not.toContain("queue");
    expect(lines(136)[1]).toEndWith(`  2026-07-03 04:05:06  ${REASON}`);
  });

  test("fits the terminal and paints the state", () => {
    const text = taskTable([TASK, { ...TASK, id: 12, state: "finished" }], {
      width: 60,
      colour: true,
    });
    expect(text).toContain("\u001b[31mfailed\u001b[0m");
    expect(text).toContain("\u001b[32mfinished\u001b[0m");
    for (const line of text.split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(60);
  });
});

describe("one task", () => {
  test("is a block with its errors below, their stacks included", () => {
    const shown = { task: TASK, held: null, attempts: [], errors: [ERROR] };
    expect(taskBlock(shown, PIPE).split("\n")).toEqual([
      "task       7",
      "state      failed",
      "reason     Error: no\\x1b[2J paper",
      "call       sale.process",
      "instances  [1,2]",
      "args       []",
      "user       1",
      'context    {"company":1}',
      "queue      mail",
      "priority   0",
      "enqueued   2026-07-03 04:05:01",
      "dequeued   2026-07-03 04:05:03",
      "finished   2026-07-03 04:05:06",
      "claimed    2.5 s",
      "runs       1",
      "",
      "error (run 1, 3 times, 2026-07-03 04:05:06)",
      "  Error: no\\x1b[2J paper",
      "  in tray 2",
      "      at process (models.ts:3:9)",
      "      at \\x1b[31mrun",
    ]);
  });
});

describe("an error", () => {
  const loud = { json: false, verbose: true };
  const plain = { json: false, verbose: false };

  test.each([
    ["invalid", 2],
    ["not_found", 3],
    ["conflict", 4],
    ["busy", 5],
    ["database", 6],
    ["models", 7],
    ["unauthorized", 8],
    ["full", 9],
  ] as const)("of the code %s is its sentence and exit status %d", (code, status) => {
    expect(explain(new TqError(code, "Cannot"), plain)).toMatchObject({
      text: "tq: Cannot",
      status,
    });
  });

  test("that nobody foresaw is a sentence and exit status 70, its stack with -v", () => {
    const error = new TypeError("x is undefined", { cause: new RangeError("deeper") });
    expect(explain(error, plain)).toMatchObject({
      text: "tq: Unexpected error: TypeError: x is undefined; -v shows where",
      status: 70,
    });
    const { text } = explain(error, loud);
    expect(text).toContain("tasks.test.ts");
    expect(text).toContain("caused by RangeError: deeper");
    expect(explain("just text", plain).text).toBe(
      "tq: Unexpected error: just text; -v shows where",
    );
  });

  test("keeps its lines and acts on no terminal", () => {
    const error = new TqError("invalid", "2 settings are wrong:\n  a\u001b[2J\n  b");
    expect(explain(error, plain).text).toBe("tq: 2 settings are wrong:\n  a\\x1b[2J\n  b");
  });

  test("is an object with --json", () => {
    const { text } = explain(new TqError("conflict", "Cannot\u001b"), {
      json: true,
      verbose: false,
    });
    expect(JSON.parse(text)).toEqual({ error: { code: "conflict", message: "Cannot\u001b" } });
    expect(text).not.toContain("\u001b");
    const unexpected = explain(new Error("x"), { json: true, verbose: true });
    expect(JSON.parse(unexpected.text).error.code).toBe("internal");
  });
});

test("clean keeps as many days as the settings say, or as it is told", () => {
  const config = parseSettings({ queue: { clean_days: 1 }, error: { clean_days: 2 } }, "settings");
  const day = 86_400_000;
  expect(retention(config, 10 * day)).toMatchObject({
    finishedBefore: 9 * day,
    failedBefore: 8 * day,
  });
  expect(retention(config, 10 * day, 0)).toMatchObject({
    finishedBefore: 10 * day,
    failedBefore: 10 * day,
  });
});
