/** A release that is swapped or deleted under a running worker. */
import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { eventually } from "./support/eventually.ts";
import { type Site, TQ } from "./support/site.ts";
import { siteWithModels } from "./support/models.ts";

/** Starts a worker from a copy of the executable. */
async function workerOfCopy(site: Site) {
  copyFileSync(TQ, site.file("tq"));
  const env = { TQ_WORKER__MAX_CRASHES: "1" };
  const worker = site.spawn([site.file("tq"), "worker", "-n", "1"], { env });
  await worker.says("worker.started");
  return worker;
}

/** The thread that follows on the one that this task ends runs tasks. */
async function expectNewThreadWorks(site: Site): Promise<void> {
  await site.becomes(await site.pushOne("job", "exit", "1", "--args", "[3]"), "failed");
  await site.becomes(await site.pushOne("job", "add", "2"), "finished");
}

test("a worker whose executable was deleted replaces its threads and ends well", async () => {
  await using site = siteWithModels();
  const worker = await workerOfCopy(site);
  rmSync(site.file("tq"));
  await expectNewThreadWorks(site);
  worker.kill("SIGTERM");
  expect((await worker.ended()).code).toBe(0);
});

test("a worker whose executable was replaced goes on with its own", async () => {
  await using site = siteWithModels();
  const worker = await workerOfCopy(site);
  writeFileSync(site.file("new"), "#!/bin/sh\nexit 9\n", { mode: 0o755 });
  renameSync(site.file("new"), site.file("tq"));
  await expectNewThreadWorks(site);
  worker.kill("SIGTERM");
  expect((await worker.ended()).code).toBe(0);
});

test("a worker whose models were deleted says so, keeps its tasks, and goes on once they are back", async () => {
  await using site = siteWithModels();
  const worker = await site.worker(["-n", "1"], { env: { TQ_WORKER__MAX_CRASHES: "1" } });
  const models = site.read("models.ts");
  const exit = await site.pushOne("job", "exitWhen", "1");
  await worker.says("task.started", { task: exit });
  rmSync(site.file("models.ts"));
  site.write("go", "");
  const said = await worker.says("log.note", { level: "error" });
  expect(said.message).toContain(`Cannot load models from ${site.file("models.ts")}: `);
  const id = await site.pushOne("job", "add", "2");
  expect(site.task(id)).toMatchObject({ state: "ready", attempts: 0 });
  const trouble = `can run no task: Cannot load models from ${site.file("models.ts")}: `;
  await eventually("the status says so", async () =>
    (await site.run("status")).stdout.includes(trouble),
  );
  const { code, stdout } = await site.run("status");
  expect({ code, state: /cannot run|alive/.exec(stdout)?.[0] }).toEqual({
    code: 1,
    state: "cannot run",
  });
  site.write("models.ts", models);
  await site.becomes(id, "finished");
  await eventually("the status is well again", async () => (await site.run("status")).code === 0);
});

test("a worker goes on in a current folder that was deleted", async () => {
  await using site = siteWithModels();
  mkdirSync(site.file("releases/1"), { recursive: true });
  symlinkSync("releases/1", site.file("current"));
  const files = ["-d", site.file("tq.db"), "--models", site.file("models.ts")];
  const options = { cwd: site.file("current"), env: { TQ_WORKER__MAX_CRASHES: "1" } };
  const worker = site.start(["worker", "-n", "1", ...files], options);
  await worker.says("worker.started");
  rmSync(site.file("releases"), { recursive: true });
  await expectNewThreadWorks(site);
  worker.kill("SIGTERM");
  expect((await worker.ended()).code).toBe(0);
});
