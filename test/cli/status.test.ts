/** What `tq status` calls a problem, and its exit status. */
import { expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { Folder } from "./tq.ts";

async function statusOf(folder: Folder, env: Record<string, string>) {
  const text = await folder.tqWith({ env }, "status");
  const json = await folder.tqWith({ env }, "status", "--json");
  expect(json.code).toBe(text.code);
  const { problems } = JSON.parse(json.stdout) as { problems: string[] };
  // The free space that a sentence tells changes between the two.
  for (const problem of problems) expect(text.stdout).toContain(`\n  ${problem.slice(0, 12)}`);
  return { code: text.code, problems };
}

/** The disk of a server is its own concern. */
const NO_SPACE = [
  { TQ_DATABASE__MIN_FREE_MB: "1000000000" },
  /^Cannot push: the disk of .* has \d+ MB free/,
] as const;

test.each([
  [{ TQ_QUEUE__MAX_SIZE: "1" }, /^Cannot push a task: the queue has 1, and queue\.max_size is 1/],
  ...(IS_POSTGRES ? [] : [NO_SPACE]),
  [{ TQ_QUEUE__WORKER: "1" }, /^No worker is running: tasks wait/],
])("tq status exits with 1 and says why with %j", async (env, problem) => {
  await using folder = new Folder();
  const store = folder.store();
  await store.push([newTask()]);
  await store.close();
  const { code, problems } = await statusOf(folder, env as Record<string, string>);
  expect({ code, problems }).toEqual({ code: 1, problems: [expect.stringMatching(problem)] });
});

test("tq status says with either setting of queue.worker that a worker can run no task", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await store.register({ id: "w-1", pid: 4711, threads: 2, queues: [] });
  await store.condition.setTrouble("w-1", "Cannot start thread 1");
  const todo = "mend the cause: the worker then goes on by itself";
  const problems = [`Worker w-1 (pid 4711) can run no task: Cannot start thread 1; ${todo}`];
  for (const TQ_QUEUE__WORKER of ["0", "1"]) {
    expect(await statusOf(folder, { TQ_QUEUE__WORKER })).toEqual({ code: 1, problems });
  }
  await store.unregister("w-1");
  await store.close();
});

test("tq status exits with 0 where nothing is wrong", async () => {
  await using folder = new Folder();
  await folder.store().close();
  expect(await statusOf(folder, {})).toEqual({ code: 0, problems: [] });
});
