/** Whether the server tells the truth about what it can do. */
import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";
import { processField } from "../../src/process-stat.ts";
import { needs } from "../support/needs.ts";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { until } from "../support/until.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { problems } from "../../src/admin/health.ts";
import { SCHEMA_VERSION } from "../../src/sqlite/migrate.ts";
import type { WorkerStatus } from "../../src/store/looking.ts";
import { CALL, makeAdmin } from "./support.ts";

describe("the health check", () => {
  test("needs no token", async () => {
    await using admin = makeAdmin();
    const response = await admin.app.request("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
  });

  test("fails when the store cannot be read, and does not say why", async () => {
    await using admin = makeAdmin();
    admin.store.get = () => Promise.reject(new Error("disk on fire"));
    const response = await admin.app.request("/healthz");
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('{"status":"failing"}');
    expect(JSON.stringify(admin.events)).toContain("disk on fire");
  });

  test.each([
    ["the queue is full", { queue: { max_size: 1 } }],
    ["no thread can run a task", { trouble: () => "Cannot load models from models.ts" }],
  ])("fails, and the status says why, when %s", async (_, options) => {
    await using admin = makeAdmin(options);
    await admin.post("/api/tasks", CALL);
    const response = await admin.app.request("/healthz");
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('{"status":"failing"}');
    const { problems } = (await admin.get("/api/status")).body as { problems: string[] };
    expect(problems[0]).toMatch(/^Cannot (?:push a task: the queue has 1|load models)/);
  });

  test("does not use up the room of the queue", async () => {
    await using admin = makeAdmin({ queue: { max_size: 3 } });
    for (let n = 0; n < 10; n++) await admin.app.request("/healthz");
    expect((await admin.post("/api/tasks", [CALL, CALL, CALL])).status).toBe(201);
  });

  test("says that the worker beside it still loads its models", async () => {
    let isReady = false;
    await using admin = makeAdmin({ isReady: () => isReady });
    const ask = async () => (await admin.app.request("/healthz")).json();
    expect(await ask()).toEqual({ status: "starting" });
    isReady = true;
    expect(await ask()).toEqual({ status: "ok" });
  });
});

test("the status says that no worker is running, where tasks wait for one", async () => {
  const problemsOf = async (mode: "worker" | "no worker") => {
    await using admin = makeAdmin({ mode });
    return (await admin.get("/api/status")).body.problems as string[];
  };
  expect(await problemsOf("worker")).toEqual([
    "No worker is running: tasks wait until one is; start it with tq worker",
  ]);
  expect(await problemsOf("no worker")).toEqual([]);
});

const WORKER: WorkerStatus = {
  id: "w1",
  pid: 7,
  host: "shop",
  started_at: 0,
  threads: 1,
  queues: [],
  running: 0,
  version: null,
  schema: SCHEMA_VERSION,
  trouble: null,
  threads_ready: null,
  models_at: null,
  alive: true,
};

async function problemsWith(worker: WorkerStatus): Promise<string[]> {
  await using admin = makeAdmin();
  const status = { workers: [worker], queues: [], schema: SCHEMA_VERSION };
  return await problems(
    { store: admin.store, config: parseSettings({}, "test"), mode: "worker" },
    status,
  );
}

test.each([
  [{ schema: null }, "Worker w1 (pid 7) runs tasks with an older tq"],
  [{ schema: SCHEMA_VERSION - 1, version: "0.2.0" }, "Worker w1 (pid 7) runs tasks with tq 0.2.0"],
  [{ schema: null, threads: 0 }, "The program with pid 7 runs tasks with an older tq"],
])("a live worker or program that knows an older schema is a problem: %j", async (more, who) => {
  const [problem] = await problemsWith({ ...WORKER, ...more });
  expect(problem).toBe(
    `${who}, which does not know schema ${SCHEMA_VERSION}, and ignores all that is newer, as pauses; stop it, and start it with this tq`,
  );
  expect(await problemsWith({ ...WORKER, ...more, alive: false })).not.toContain(problem ?? "");
});

test("a worker of which nobody can tell here whether it lives is a problem", async () => {
  const [problem] = await problemsWith({ ...WORKER, unsure: true });
  expect(problem).toBe(
    IS_POSTGRES
      ? "Whether workers live cannot be seen from a standby; ask the primary"
      : "Cannot tell whether worker w1 (pid 7) lives: this user may not read its file beside the database; ask as the user of the service",
  );
});

needs("Linux").test("a worker that is stopped by a signal is a problem", async () => {
  const { pid } = Bun.spawn(["sleep", "60"]);
  try {
    process.kill(pid, "SIGSTOP");
    const worker = { ...WORKER, pid, host: hostname() };
    await until(() => processField(String(pid), "state") === "T");
    expect(await problemsWith(worker)).toEqual([
      `Worker w1 (pid ${pid}) is stopped (SIGSTOP, or Ctrl-Z) and runs nothing; kill -CONT ${pid} lets it go on`,
    ]);
  } finally {
    process.kill(pid, "SIGKILL");
  }
});
