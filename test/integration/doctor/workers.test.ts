/** The findings of `tq doctor` about workers, queues and models, each brought about for real. */
import { appendFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import type { Site } from "../support/site.ts";
import { doctor, MODEL, namesOf, only, PLAIN, project } from "./support.ts";

setDefaultTimeout(60_000);

test("a project with a worker is well: exit 0, and each check says what it has seen", async () => {
  await using site = await project();
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await worker.says("task.finished");
  const answer = await doctor(site, []);
  expect(answer).toMatchObject({ code: 0, findings: [] });
  expect(answer.checks.every(({ well }) => well)).toBe(true);
  const text = await site.start(["doctor"], { env: PLAIN }).ended();
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toEndWith("\nAll is well\n");
});

test("no worker runs", async () => {
  await using site = await project();
  const answer = await doctor(site);
  expect(answer.code).toBe(1);
  expect(only(answer, "no_worker").advice).toBe("start it with tq worker");
  const { stdout } = await site.start(["doctor", "--quick"], { env: PLAIN }).ended();
  expect(stdout).toContain("\n1 finding\n");
  expect(stdout).toContain("\nTo do: start it with tq worker.\n");
});

test("no live worker takes a queue", async () => {
  await using site = await project();
  await site.worker(["--queue", "mail"], { env: PLAIN });
  const { message, advice } = only(await doctor(site), "queue_not_served");
  expect(message).toStartWith(
    '1 task waits, and no live worker takes tasks of the queue "default"',
  );
  expect(advice).toContain("with --queue default, or");
});

test("a dead worker that held nothing is left to the live one, which clears it at leisure", async () => {
  await using site = await project();
  const idle = await site.worker(["-n", "1"], { env: PLAIN });
  await site.becomes(1, "finished");
  const other = await site.worker(["-n", "1"], { env: PLAIN });
  await other.pause();
  await idle.end();
  expect(namesOf(await doctor(site))).toContain("dead_worker"); // nobody would clear it
  other.kill("SIGCONT");
  await eventually("no finding", async () => !namesOf(await doctor(site)).includes("dead_worker"));
});

test("a worker has died, and holds a task", async () => {
  await using site = await project();
  site.write("models.ts", HANGING);
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await site.becomes(1, "running");
  await worker.end();
  const { message } = only(await doctor(site), "dead_worker");
  expect(message).toContain(`(pid ${worker.pid}) has died, and holds 1 task that nobody runs`);
});

test("a worker is stopped by a signal", async () => {
  await using site = await project();
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await worker.says("task.finished");
  await site.pauseUnlocked(worker);
  const { advice } = only(await doctor(site), "worker_in_trouble");
  expect(advice).toBe(`kill -CONT ${worker.pid} lets it go on`);
});

test("a thread does not get through its models", async () => {
  await using site = await project();
  site.write("models.ts", ONE_LOADS);
  await site.worker(["-n", "2"], { env: PLAIN });
  const found = await eventually("the lack is told", async () => {
    const answer = await doctor(site);
    return namesOf(answer).includes("threads_missing") && answer;
  });
  expect(only(found, "threads_missing").message).toContain(
    "has 2 threads, and only 1 of them can run tasks",
  );
  const { stdout } = await site.start(["status"], { env: PLAIN }).ended();
  expect(stdout).toContain("1 of 2");
});

test("a worker is of another version, or knows an older schema", async () => {
  await using site = await project();
  await site.worker(["-n", "1"], { env: PLAIN });
  using db = site.connect();
  db.run("UPDATE tq__worker SET version = '0.0.1'");
  expect(only(await doctor(site), "versions_differ").message).toContain("runs tasks with tq 0.0.1");
  db.run("UPDATE tq__worker SET schema = 7");
  const answer = await doctor(site);
  expect(only(answer, "older_schema").message).toContain("does not know schema");
  expect(namesOf(answer)).not.toContain("versions_differ");
});

test("a file of models has changed since the worker loaded it", async () => {
  await using site = await project();
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await worker.says("task.finished");
  const before = await eventually("the worker has told of its models", async () => {
    const [row] = site.all<{ models_at: number | null }>("SELECT models_at FROM tq_workers");
    return row?.models_at ?? undefined;
  });
  expect(before).toBeGreaterThan(0);
  expect((await doctor(site)).code).toBe(0);
  appendFileSync(site.file("models.ts"), "\n// changed\n");
  const { message, advice } = only(await doctor(site), "models_changed");
  expect(message).toStartWith(`${site.file("models.ts")} has changed since worker `);
  expect(advice).toBe("have it load the new ones (kill -HUP), or start it again");
});

test("models that cannot be loaded are a finding beside a worker that has loaded others", async () => {
  await using site = await project();
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await worker.says("task.finished");
  expect((await doctor(site, [])).code).toBe(0);
  site.write("models.ts", "export class Job {");
  const answer = await doctor(site, []);
  const { message } = only(answer, "models_do_not_load");
  expect(message).toContain(`Cannot load models from ${site.file("models.ts")}`);
  expect(namesOf(answer)).toEqual(["models_changed", "models_do_not_load"]);
});

/** A worker without a terminal, which has been told to load models that are broken. */
async function refusing(site: Site) {
  const worker = await site.worker(["-n", "1"], { env: PLAIN, detached: true });
  await worker.says("task.finished");
  site.write("models.ts", "export class Job {");
  worker.kill("SIGHUP");
  await worker.says("models.refused");
  await eventually("the refusal is told", async () =>
    namesOf(await doctor(site)).includes("models_refused"),
  );
  return worker;
}

test("a worker that could not load new models is a finding of tq doctor and of tq status, until it can", async () => {
  await using site = await project();
  const worker = await refusing(site);
  const answer = await doctor(site);
  expect(namesOf(answer)).toEqual(["models_refused"]);
  const { message, advice } = only(answer, "models_refused");
  expect(message).toContain(`(pid ${worker.pid}) goes on with the models that it has`);
  expect(message).toContain(`Cannot load models from ${site.file("models.ts")}`);
  expect(advice).toBe(`mend them, then kill -HUP ${worker.pid} has it load them again`);
  const status = await site.start(["status", "--json"], { env: PLAIN }).ended();
  expect(status.code).toBe(1);
  expect(JSON.parse(status.stdout)).toMatchObject({ problems: [`${message}; ${advice}`] });
  expect(await site.start(["status", "--check"], { env: PLAIN }).ended()).toMatchObject({
    code: 0,
  });
  site.write("models.ts", `${MODEL}// mended`);
  worker.kill("SIGHUP");
  await eventually("it is gone", async () => (await doctor(site)).code === 0);
});

test("a worker whose former models are on the disk again has nothing to load", async () => {
  await using site = await project();
  await refusing(site);
  site.write("models.ts", MODEL);
  expect(await doctor(site)).toMatchObject({ code: 0, findings: [] });
});

test("no live worker has the model of a task that waits", async () => {
  await using site = await project();
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await worker.says("task.finished");
  using db = site.connect();
  const later = "INSERT INTO tq_push (model, method, instances, scheduled_at) VALUES";
  db.run(`${later} ('job', 'add', '1', '+1 day'), ('job', 'gone', '1', '+1 day')`);
  db.run(`${later} ('mill', 'grind', '1', '+1 day'), ('mill', 'grind', '2', '+1 day')`);
  const found = await eventually("the worker has told of its models", async () => {
    const { findings } = await doctor(site);
    return findings.length > 0 && findings;
  });
  expect(found.map(({ message }) => message)).toEqual([
    expect.stringContaining('1 task waits for job.gone in the queue "default"'),
    expect.stringContaining('2 tasks wait for mill.grind in the queue "default"'),
  ]);
});

test("where no worker lives, the models of the settings count, and those that cannot be loaded are found", async () => {
  await using site = await project();
  using db = site.connect();
  db.run("INSERT INTO tq_push (model, method, instances) VALUES ('mill', 'grind', '1')");
  expect(namesOf(await doctor(site, []))).toEqual(["no_worker", "model_missing"]);
  site.write("models.ts", "export class Job {");
  const { message } = only(await doctor(site, []), "models_do_not_load");
  expect(message).toContain(`Cannot load models from ${site.file("models.ts")}`);
});

test.each([
  ["process.exit(0);", /they called process\.exit\(0\) while they were being loaded$/],
  [
    "await new Promise(() => setInterval(() => {}, 1_000));",
    /^Still loading .*models\.ts after 5 s/,
  ],
  ["for (;;);", /^Cannot load models from .*: that had not ended after 10 s$/],
])("models that do %j are a finding, and the others are told", async (code, words) => {
  await using site = await project();
  site.write("models.ts", `console.log("printed"); ${code}`);
  const answer = await doctor(site, []);
  expect(answer.code).toBe(1);
  expect(namesOf(answer)).toEqual(["no_worker", "models_do_not_load"]);
  expect(only(answer, "models_do_not_load").message).toMatch(words);
});

const HANGING = `
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  async add() { await new Promise(() => setInterval(() => {}, 1_000)); }
}
`;

/** The first thread that makes the file loads them, the other never does. */
const ONE_LOADS = `
import { closeSync, openSync } from "node:fs";
import { Model } from "tq";
try {
  closeSync(openSync("first", "wx"));
} catch {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
export class Job extends Model {
  static override readonly __name__ = "job";
  add() { return 1; }
}
`;
