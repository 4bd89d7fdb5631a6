import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

const TASK = newTask({ instances: [1, 2], args: '["x"]', context: '{"company":1}', user: 3 });

const OWNER = { worker: "w", thread: 0 };

let folder: Folder;

beforeAll(async () => {
  folder = new Folder();
  const store = folder.store();
  await store.push([
    TASK,
    { ...TASK, queue: "mail", model: "mail", method: "send", instances: 9, ref: "m-9" },
    { ...TASK, scheduledAt: Date.now() + 3_600_000 },
    { ...TASK, queue: "bad\u001b[31m\nqueue" },
  ]);
  await store.write(async (session) => {
    const claimed = await session.claimOne(1, OWNER);
    if (claimed === null) throw new Error("Task 1 is not ready");
    await session.settle(claimed, {
      kind: "failed",
      error: {
        name: "Error",
        message: "no paper",
        stack: "Error: no paper\n    at x",
      },
    });
  });
  await store.close();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** The documented shape: the columns of tq_tasks. */
const COLUMNS = [
  "id",
  "state",
  "queue",
  "priority",
  "model",
  "method",
  "instances",
  "args",
  "user",
  "context",
  "ref",
  "enqueued_at",
  "scheduled_at",
  "expected_at",
  "expires_at",
  "dequeued_at",
  "finished_at",
  "attempts",
  "failures",
  "snoozes",
  "crashes",
  "worker",
  "policy",
  "result",
  "reason",
];

async function ids(...args: string[]): Promise<number[]> {
  const { stdout, code } = await folder.tq("list", "--json", ...args);
  expect(code).toBe(0);
  return (JSON.parse(stdout) as { id: number }[]).map(({ id }) => id);
}

describe("tq list", () => {
  test("prints a table, the newest first, with nothing in it that acts on the terminal", async () => {
    const { stdout, stderr, code } = await folder.tq("list", "-q");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const [head, ...rows] = stdout.trimEnd().split("\n");
    expect(head).toMatch(/^id +state +queue +call +instances +runs +time +reason$/);
    expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(["4", "3", "2", "1"]);
    expect(rows[0]).toContain("bad\\x1b[31m\\nqueue");
    expect(rows[3]).toContain("no paper");
  });

  test("prints an array with the columns of tq_tasks as JSON", async () => {
    const { stdout } = await folder.tq("list", "--json");
    const tasks = JSON.parse(stdout) as Record<string, unknown>[];
    const waits = ({ state }: Record<string, unknown>) =>
      state === "ready" || state === "scheduled";
    expect(tasks.map((task) => Object.keys(task))).toEqual(
      tasks.map((task) => (waits(task) ? [...COLUMNS, "paused", "served"] : COLUMNS)),
    );
    expect(tasks[2]).toMatchObject({
      id: 2,
      state: "ready",
      queue: "mail",
      model: "mail",
      method: "send",
      instances: 9,
      args: ["x"],
      user: 3,
      context: { company: 1 },
      ref: "m-9",
      scheduled_at: null,
    });
    expect(stdout).not.toContain("\u001b");
  });

  test("takes states, a queue, a model and a limit", async () => {
    expect(await ids("--state", "failed,scheduled", "--state=cancelled")).toEqual([3, 1]);
    expect(await ids("--queue", "mail")).toEqual([2]);
    expect(await ids("--model=sale", "--limit", "2")).toEqual([4, 3]);
  });

  test("takes a ref", async () => {
    expect(await ids("--ref", "m-9")).toEqual([2]);
    expect(await ids("--ref", "m-9", "--state", "failed")).toEqual([]);
    expect(await ids("--ref", "m")).toEqual([]);
  });

  test("refuses a name that no queue and no model can have", async () => {
    for (const flag of ["queue", "model"]) {
      const { code, stderr } = await folder.tq("list", `--${flag}`, "x".repeat(1001));
      expect(code).toBe(2);
      expect(stderr).toStartWith(`tq: --${flag} cannot be "xxx`);
      expect(stderr).toEndWith(
        `it must be the name of a ${flag}, as text of 1 to 1000 characters\n`,
      );
    }
  });

  test("says that there are none", async () => {
    expect(await folder.tq("list", "--queue", "mail", "--state", "failed")).toEqual({
      code: 0,
      stdout: "No tasks\n",
      stderr: "",
    });
    expect(await ids("--queue", "mail", "--state", "failed")).toEqual([]);
  });

  test("ends in silence when nobody reads on", async () => {
    const script = `bash -o pipefail -c '"$0" "$@" | head -1' "$0" "$@"`;
    const { code, stdout, stderr } = await folder.shell(script, {}, "list", "-q");
    expect(stdout).toStartWith("id");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("tq show", () => {
  test("prints one task with its errors", async () => {
    const { stdout, code } = await folder.tq("show", "1");
    expect(code).toBe(0);
    expect(stdout).toContain("state      failed\n");
    expect(stdout).toContain("  Error: no paper\n      at x\n");
  });

  test("prints an object with its errors as JSON", async () => {
    const { stdout } = await folder.tq("show", "--json", "1");
    const task = JSON.parse(stdout) as { errors: Record<string, unknown>[] };
    expect(Object.keys(task)).toEqual([...COLUMNS, "runs", "errors"]);
    expect(task.errors.map((error) => Object.keys(error))).toEqual([
      ["id", "task", "name", "code", "message", "stack", "attempt", "count", "first_at", "last_at"],
    ]);
    expect(task.errors[0]).toMatchObject({ task: 1, name: "Error", message: "no paper", count: 1 });
  });

  test("finds a task by its ref", async () => {
    const { stdout, code } = await folder.tq("show", "--ref", "m-9", "--json");
    expect({ code, task: JSON.parse(stdout) }).toMatchObject({ code: 0, task: { id: 2 } });
    expect(await folder.tq("show")).toMatchObject({
      code: 2,
      stderr: "tq: Cannot show: give the id of a task, or --ref\n",
    });
    expect(await folder.tq("show", "--ref", "m-8")).toMatchObject({
      code: 3,
      stderr:
        'tq: Cannot show the task with the ref "m-8": there is no such task; it may have been cleaned\n',
    });
    for (const args of [[], ["2", "--ref", "m-9"], ["--ref", ""]]) {
      expect((await folder.tq("show", ...args)).code).toBe(2);
    }
  });

  test("says that there is no such task", async () => {
    expect(await folder.tq("show", "99")).toEqual({
      code: 3,
      stdout: "",
      stderr: "tq: Cannot show task 99: there is no such task; it may have been cleaned\n",
    });
    const { stderr, code } = await folder.tq("--json", "show", "99");
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "not_found" } });
  });
});

test("status and list say that waiting tasks need tq worker where no worker runs and programs run their own", async () => {
  const hint = "3 tasks wait for tq worker: queue.worker is false";
  expect((await folder.tq("status")).stdout).toContain(hint);
  expect((await folder.tq("list")).stderr).toContain(`tq: ${hint}`);
  expect((await folder.tq("list", "--state", "failed")).stderr).toBe("");
  const worker = { env: { TQ_QUEUE__WORKER: "1" } };
  expect((await folder.tqWith(worker, "status")).stdout).not.toContain("wait for");
  expect((await folder.tqWith(worker, "list")).stderr).toBe("");
});

describe("tq status", () => {
  test("says the mode in its first line, then sizes, queues and workers", async () => {
    const { stdout, code } = await folder.tq("status");
    expect(code).toBe(0);
    expect(stdout.split("\n")[0]).toBe(
      "mode          no worker: each program runs its own tasks after the commit (queue.worker = false)",
    );
    expect(stdout).toMatch(/^mail +0 +1 +0 +0$/m);
    expect(stdout).toContain("bad\\x1b[31m\\nqueue");
    expect(stdout).toEndWith("No worker is running\n");
  });

  test("marks a number of ready tasks that is only the least", async () => {
    await using full = new Folder();
    await full.store().push([]);
    full.database.sql(
      `WITH RECURSIVE task (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM task WHERE id < 50001)
       INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, "user", context, enqueued_at)
       SELECT 'ready', 'mail', 0, 0, 'sale', 'process', '7', '[]', 0, '{}', 0 FROM task`,
    );
    expect((await full.tq("status")).stdout).toMatch(/^mail +0 +50000\+ +0 +0$/m);
    expect((await full.tq("status", "--json")).stdout).toContain('"at_least": true');
  });

  test("prints an object as JSON", async () => {
    const { stdout } = await folder.tqWith({ env: { TQ_QUEUE__WORKER: "1" } }, "status", "--json");
    const status = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(status)).toEqual([
      "mode",
      "version",
      "path",
      "schema",
      "durability",
      "file_size",
      "wal_size",
      "free_size",
      "queues",
      "pauses",
      "free_disk",
      "oldest_ready",
      "backup",
      "failed_lately",
      "last_hour",
      "last_minute",
      "workers",
      "problems",
    ]);
    expect(status).toMatchObject({
      mode: "worker",
      path: folder.database.name,
      workers: [],
    });
    const queue = { queue: "default", scheduled: 1, ready: 0, running: 0, failed: 1 };
    expect(status["queues"]).toContainEqual({ ...queue, served: false, paused: false });
  });
});
