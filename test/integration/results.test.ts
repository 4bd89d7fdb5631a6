/** Programs that wait for the results of tasks which a real worker runs: beside it, around it, and without any. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { eventually } from "./support/eventually.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { existsSync } from "node:fs";
import { currentTask, Model, type Queue, tasks, UserError } from "tq";

export class Job extends Model {
  declare static readonly __queue__: Queue<typeof Job>;
  static override readonly __name__ = "job";
  async sum(...numbers: number[]) { return { sum: numbers.reduce((a, b) => a + b, 0) }; }
  static async flaky(_jobs: Job[]) {
    if ((currentTask()?.attempt ?? 0) < 3) throw new Error("the printer is off");
    return "printed";
  }
  async broken() { throw new UserError("no paper"); }
  async wait() { while (!existsSync("go")) await Bun.sleep(5); return "went"; }
  async itself() { return { job: this }; }
  async ask(id: number) { return await tasks.result(id, { timeout: "5s" }); }
}
`;

function siteOf(app: string): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  site.write(
    "app.ts",
    `import { tasks, startWorker } from "tq";\nimport { Job } from "./models.ts";\n${app}`,
  );
  return site;
}

const APP = `
const say = (value: unknown) => console.log(JSON.stringify(value));
const sum = await Job.__queue__.sum(1, 2, 3);
say(await tasks.result(sum, { timeout: "20s" }));
const [flaky] = await Job.__queue__.flaky.with({ attempts: 3, backoff: "10ms" })([1]);
say(await flaky?.result({ timeout: "20s" }));
say((await flaky?.attempts())?.map(({ outcome }) => outcome));
const broken = await Job.__queue__.broken.with({ ref: "broken-1" })(1);
try {
  await broken.result({ timeout: "20s" });
} catch (error) {
  say([error.name, error.message, error.state, error.cause.name, error.cause.message, error.cause.stack.includes("models.ts")]);
}
const asked = await Job.__queue__.ask.with({})(1, sum);
say(await asked.result({ timeout: "20s" }).catch((error) => error.cause.message.split(":")[0]));
say((await tasks.getByRef("broken-1"))?.state);
const going = await Job.__queue__.wait.with({})(1);
const states: string[] = [];
for await (const { state } of going.watch()) {
  states.push(state);
  if (state === "running") await Bun.write("go", "");
}
say([states.at(-1), states.includes("running")]);
`;

const SAID = [
  { sum: 5 },
  "printed",
  ["failed", "failed", "finished"],
  [
    "TaskFailedError",
    "Task 3 (job.broken) failed: UserError: no paper",
    "failed",
    "UserError",
    "no paper",
    true,
  ],
  "Cannot wait for task 1 inside task 4",
  "failed",
  ["finished", true],
];

const saidBy = (stdout: string): unknown[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

describe("a program gets results, failures and changes of its tasks", () => {
  test("from a worker in another process", async () => {
    await using site = siteOf(APP);
    await site.worker();
    const { code, stdout, stderr } = await site.run("run", "app.ts");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(saidBy(stdout)).toEqual(SAID);
  });

  test("from a worker inside it", async () => {
    await using site = siteOf(
      `const worker = await startWorker({ models: "models.ts", threads: 1 });\n${APP}\nawait worker.stop();`,
    );
    const { code, stdout, stderr } = await site.run("run", "app.ts");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(saidBy(stdout)).toEqual(SAID);
  });

  test("where it runs its tasks itself", async () => {
    await using site = siteOf(`
const done = await Job.__queue__.sum.with({ ref: "sum" })(1, 2, 3);
console.log(JSON.stringify([await done.result(), (await tasks.retry(done.id)).state, await done.result()]));
`);
    const ended = await site
      .start(["run", "app.ts"], { env: { TQ_QUEUE__WORKER: "false" } })
      .ended();
    expect(ended.code).toBe(0);
    expect(saidBy(ended.stdout)).toEqual([[{ sum: 5 }, "finished", { sum: 5 }]]);
  });
});

test("a wait outlives the worker that ran the task", async () => {
  await using site = siteOf(`
const task = await Job.__queue__.wait.with({})(1);
console.log(JSON.stringify(await task.result({ timeout: "20s" })));
`);
  const first = await site.worker();
  const program = site.start(["run", "app.ts"]);
  await eventually(
    "the task runs",
    () => site.all("SELECT id FROM tq_tasks WHERE state = 'running'")[0],
  );
  first.kill("SIGKILL");
  await site.worker();
  site.write("go", "");
  const { code, stdout } = await program.ended();
  expect({ code, stdout }).toEqual({ code: 0, stdout: '"went"\n' });
});

test("a wait keeps its program alive until the timeout, and no longer", async () => {
  await using site = siteOf(`
const task = await Job.__queue__.sum.with({ queue: "mail" })(1, 2);
await task.result({ timeout: "200ms" }).catch((error) => console.log(JSON.stringify(error.message)));
const ended = performance.now();
process.once("exit", () => console.log(performance.now() - ended < 500));
`);
  const { code, stdout } = await site.run("run", "app.ts");
  expect(code).toBe(0);
  expect(saidBy(stdout)).toEqual([
    "Task 1 (job.sum) did not end within 200 ms: it is ready; no worker is running on this database; start one with tq worker",
    true,
  ]);
});

test("the log and each command that shows a task say that its result is not kept", async () => {
  await using site = siteOf("");
  const why = "its result is not kept: result.job: a record of job is not JSON; give its id";
  const worker = await site.worker();
  const pushed = await site.run("push", "job", "itself", "1", "--wait");
  expect(pushed).toMatchObject({ code: 0, stdout: "1\n" });
  expect(pushed.stderr).toContain(`tq: Task 1 finished: ${why}\n`);
  expect(await worker.says("task.finished", { task: 1 })).toMatchObject({
    level: "warn",
    reason: why,
  });
  const looking = [["show", "1"], ["list"], ["why", "1"], ...(IS_POSTGRES ? [] : [["try", "1"]])];
  for (const args of looking) {
    const { code, stdout } = await site.run(...args);
    expect([args, code, stdout.includes(why)]).toEqual([args, 0, true]);
  }
  const shown = JSON.parse((await site.run("show", "1", "--json")).stdout) as object;
  expect(shown).toMatchObject({ state: "finished", attempts: 1, result: null, reason: why });
});
