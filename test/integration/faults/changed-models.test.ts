/** Models that are edited while a worker runs: its threads never run two versions. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "../support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { existsSync } from "node:fs";
import { Model } from "tq";
import { VERSION } from "./version.ts";
export class Job extends Model {
  static override readonly __name__ = "job";
  async wait() { while (!existsSync("go")) await Bun.sleep(2); return VERSION; }
  async meet() { while (!existsSync("met")) await Bun.sleep(2); }
  async version() { return VERSION; }
  async exit() { process.exit(3); }
}`;

const EDITS: Record<string, [file: string, text: string]> = {
  "imports another text": ["version.ts", "export const VERSION = 2;"],
  "cannot be loaded any more": ["models.ts", "export class {"],
};

for (const [how, [file, text]] of Object.entries(EDITS)) {
  test(`a worker whose model ${how} ends before a new thread loads it; running tasks end first`, async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    site.write("version.ts", "export const VERSION = 1;");
    const worker = await site.worker(["-n", "2"]);
    // Two tasks that run together show that both threads have loaded the models.
    const meeting = [
      await site.pushOne("job", "meet", "1"),
      await site.pushOne("job", "meet", "1"),
    ];
    for (const id of meeting) await worker.says("task.started", { task: id });
    site.write("met", "");
    for (const id of meeting) await site.becomes(id, "finished");
    const waiting = await site.pushOne("job", "wait", "1");
    await worker.says("task.started", { task: waiting });
    site.write(file, text);
    const asBefore = await site.pushOne("job", "version", "1");
    expect(await site.becomes(asBefore, "finished")).toMatchObject({ result: "1" });
    await site.pushOne("job", "exit", "2");
    const { reason } = await worker.says("worker.stopping");
    expect(reason).toBe(`${site.file(file)} has changed since the worker started`);
    site.write("go", "");
    const { code, stderr } = await worker.ended();
    expect(code).toBe(7);
    expect(stderr).toContain(`tq: Cannot go on: ${site.file(file)} has changed since the worker`);
    expect(site.task(waiting)).toMatchObject({ state: "finished", result: "1" });
  });
}

test("a file that is only touched replaces a thread as before", async () => {
  await using site = new Site();
  site.write("models.ts", MODELS);
  site.write("version.ts", "export const VERSION = 1;");
  const worker = await site.worker(["-n", "1"]);
  site.write("models.ts", MODELS);
  await site.pushOne("job", "exit", "2");
  await worker.says("task.poisoned");
  await site.becomes(await site.pushOne("job", "version", "1"), "finished");
});

test("a thread that loads other code than the first one, edited between the two, runs no task", async () => {
  await using site = new Site();
  site.write("version.ts", "export const VERSION = 1;");
  site.write(
    "models.ts",
    `import { existsSync, mkdirSync } from "node:fs";
    import { Model } from "tq";
    let isFirst = true;
    try { mkdirSync("first"); } catch { isFirst = false; }
    while (!isFirst && !existsSync("edited")) await Bun.sleep(2);
    const { VERSION } = await import("./version.ts");
    export class Job extends Model {
      static override readonly __name__ = "job";
      async wait() { while (!existsSync("go")) await Bun.sleep(2); return VERSION; }
      async version() { return VERSION; }
    }`,
  );
  const worker = await site.worker(["-n", "2"]);
  const waiting = await site.pushOne("job", "wait", "1");
  await worker.says("task.started", { task: waiting });
  const others = [];
  for (let n = 0; n < 20; n++) others.push(await site.pushOne("job", "version", "1"));
  site.write("version.ts", "export const VERSION = 2;");
  site.write("edited", "");
  await worker.says("worker.stopping");
  site.write("go", "");
  expect((await worker.ended()).code).toBe(7);
  expect(site.task(waiting)).toMatchObject({ state: "finished", result: "1" });
  expect(others.map((id) => site.task(id)?.result)).not.toContain("2");
});
