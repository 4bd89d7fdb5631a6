/** What a program hears of the tasks of its worker, with the real binary: of all its threads, and by name. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "./support/site.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { Cancel, Model, Snooze } from "tq";

export class Job extends Model {
  static readonly __name__ = "job";
  static readonly tasks = { again: { attempts: 2, backoff: "1ms" } };
  static add() {}
  static again() { throw new Error("no paper"); }
  static sleep(_jobs, ms) { return Bun.sleep(ms); }
  static snooze() { throw new Snooze("1h", "closed"); }
  static cancel() { throw new Cancel("not needed"); }
  static async exit() { await Bun.sleep(1); process.exit(3); }
}
`;

const UNTIL = `const until = async (isSo) => { while (!isSo()) await Bun.sleep(2); };`;

function site(program: string): Site {
  const made = new Site();
  made.write("models.ts", MODELS);
  made.write("app.ts", `import { push, startWorker } from "tq";\n${UNTIL}${program}`);
  return made;
}

/** What the program prints as JSON. */
async function printed(of: Site, env: Record<string, string> = {}): Promise<unknown> {
  const { stdout, stderr, code } = await of.start(["run", "app.ts"], { env }).ended(50_000);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  return JSON.parse(stdout);
}

test("a listener hears of the events of its name, with the task, its instances, ref and queue", async () => {
  await using made = site(`
const heard = [];
const worker = await startWorker({ models: "models.ts", threads: 2 });
for (const name of ["task.started", "task.finished", "task.retried", "task.failed", "task.snoozed", "task.cancelled"]) {
  worker.on(name, (event) => heard.push(event));
}
await push({ model: "job", method: "add", instances: [7, 8], ref: "order-7", queue: "mail" });
for (const method of ["again", "snooze", "cancel"]) await push({ model: "job", method, instances: 1 });
const ends = ["task.finished", "task.failed", "task.snoozed", "task.cancelled"];
await until(() => heard.filter(({ name }) => ends.includes(name)).length === 4);
await worker.stop();
console.log(JSON.stringify(heard));
`);
  // The log is silent: what a listener hears does not depend on it.
  const heard = (await printed(made, { TQ_LOG__LEVEL: "error" })) as {
    name: string;
    task: number;
  }[];
  const of = (id: number) => heard.filter(({ task }) => task === id);
  const call = { attempt: 1, model: "job", method: "add" };
  const run = { task: 1, ...call, queue: "mail", instances: "[7,8]", ref: "order-7" };
  expect(of(1)).toEqual([
    { name: "task.started", ...run },
    { name: "task.finished", ...run, duration: expect.any(Number), reason: null },
  ] as never);
  expect(of(2)).toMatchObject([
    { name: "task.started", attempt: 1 },
    { name: "task.retried", delay: 1, error: { name: "Error", message: "no paper" } },
    { name: "task.started", attempt: 2 },
    { name: "task.failed", attempt: 2, error: { message: "no paper" } },
  ]);
  expect(of(3).at(-1)).toMatchObject({ name: "task.snoozed", reason: "closed", ref: null });
  expect(of(4).at(-1)).toMatchObject({ name: "task.cancelled", reason: "not needed" });
});

test("report gets the events of the worker and of its threads, all before it has stopped", async () => {
  await using made = site(`
const names = [];
await push({ model: "job", method: "add", instances: 1 });
const worker = await startWorker({
  models: "models.ts", threads: 1, drain: true, report: ({ name }) => names.push(name),
});
await worker.stopped;
console.log(JSON.stringify(names));
`);
  expect(await printed(made)).toEqual([
    "worker.started",
    "task.started",
    "task.finished",
    "worker.stopping",
    "worker.stopped",
  ]);
});

test("a listener that throws is named in the log once, and the tasks go on", async () => {
  await using made = site(`
const worker = await startWorker({ models: "models.ts", threads: 1 });
let calls = 0;
worker.on("task.finished", () => { calls += 1; throw new Error("no line"); });
for (let id = 1; id <= 20; id++) await push({ model: "job", method: "add", instances: id });
await until(() => calls === 20);
await worker.stop();
console.log(JSON.stringify([await worker.stopped, calls]));
`);
  const { stdout, stderr } = await made.run("run", "app.ts");
  expect(JSON.parse(stdout)).toEqual([{ finished: 20, failed: 0 }, 20]);
  expect(stderr.match(/the listener of task\.finished threw Error: no line/g)).toHaveLength(1);
});

test("a task that ends its thread has begun, and crashed, for its listeners", async () => {
  await using made = site(`
const names = [];
const worker = await startWorker({ models: "models.ts", threads: 1 });
for (const name of ["task.started", "task.crashed", "task.poisoned"]) worker.on(name, (event) => names.push(event.name));
await push({ model: "job", method: "exit", instances: 1 });
await until(() => names.includes("task.poisoned"));
await worker.stop();
console.log(JSON.stringify(names));
`);
  expect(await printed(made)).toEqual([
    "task.started",
    "task.crashed",
    "task.started",
    "task.crashed",
    "task.started",
    "task.poisoned",
  ]);
});

test("no event of many quick tasks is missing, and each comes once", async () => {
  const count = 5_000;
  await using made = site(`
const seen = new Set();
let events = 0;
const worker = await startWorker({ models: "models.ts", threads: 2, drain: true, report: (event) => {
  if (event.name !== "task.finished") return;
  events += 1;
  seen.add(event.task);
} });
await worker.stopped;
console.log(JSON.stringify([events, seen.size]));
`);
  await made.run("list"); // makes the database
  await made.pushOne("job", "add", "1");
  made.pushKeys(2, count - 1);
  expect(await printed(made, { TQ_LOG__LEVEL: "error" })).toEqual([count, count]);
});
