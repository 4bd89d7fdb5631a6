/** A task that leaves replaced globals behind, as fake timers do: its thread goes on, or is replaced. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { Model, ModelSQL, v } from "tq";

export class Row extends ModelSQL("row", { text: v.string() }) {}

const stopped = () => 0;

export class Globals extends Model {
  static override readonly __name__ = "globals";
  async date() { Date.now = () => NaN; }
  async clock() { performance.now = () => { throw new Error("no clock"); }; }
  async timers() {
    globalThis.setTimeout = globalThis.setInterval = globalThis.setImmediate = stopped;
    globalThis.clearTimeout = globalThis.clearInterval = stopped;
    Date.now = performance.now = Bun.sleep = stopped;
  }
  async promise() { globalThis.Promise = null; }
  async promiseLater() { await Bun.sleep(1); globalThis.Promise = null; }
  async push() { Array.prototype.push = () => { throw new Error("no push"); }; }
  async work() {
    await Row.create([{ text: "written" }]);
    console.log("printed");
  }
}
`;

function siteOf(): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  return site;
}

for (const method of ["date", "clock", "timers"]) {
  test(`a task that leaves another ${method} behind finishes, and so do those after it`, async () => {
    await using site = siteOf();
    const changing = await site.pushOne("globals", method, "1");
    const worker = await site.worker(["-n", "1"]);
    expect(await site.becomes(changing, "finished")).toMatchObject({ crashes: 0, attempts: 1 });
    for (let id = 1; id <= 3; id++) {
      const working = await site.pushOne("globals", "work", String(id));
      expect(await site.becomes(working, "finished")).toMatchObject({ attempts: 1 });
    }
    expect(worker.count("thread.replaced")).toBe(0);
    worker.kill("SIGTERM");
    const { code, stdout } = await worker.ended();
    expect([code, stdout.match(/printed/g)?.length]).toEqual([0, 3]);
  });
}

for (const method of ["promise", "promiseLater", "push"]) {
  test(`a task after which its thread cannot settle it is set aside after three crashes: ${method}`, async () => {
    await using site = siteOf();
    const before = await site.pushOne("globals", "work", "1");
    const breaking = await site.pushOne("globals", method, "1");
    const after = await site.pushOne("globals", "work", "2");
    const worker = await site.worker(["-n", "1"]);
    await worker.says("task.poisoned", { task: breaking, crashes: 3 });
    const { reason } = site.task(breaking);
    expect(reason).toContain("its thread cannot go on, as a task has broken it: ");
    for (const id of [before, after]) {
      expect(await site.becomes(id, "finished")).toMatchObject({ crashes: 0 });
    }
    expect(worker.count("thread.replaced")).toBe(3);
    expect(site.all("SELECT text FROM row")).toHaveLength(2);
  });
}

test("of tasks that run together, the one that breaks its thread is found, and no other counts a crash", async () => {
  await using site = siteOf();
  const worker = await site.worker(["-n", "1"], { env: { TQ_WORKER__MAX_CRASHES: "1" } });
  const push = (...methods: string[]) => {
    const rows = methods.map((method, at) => `('globals', '${method}', '${at + 1}')`);
    site.sql(`INSERT INTO tq_push (model, method, instances) VALUES ${rows.join()}`);
  };
  const work = (count: number) => Array<string>(count).fill("work");
  const finished = "SELECT id FROM tq_tasks WHERE state = 'finished'";
  push(...work(500)); // the thread learns that they are quick
  await worker.says("task.finished", { task: 500 });
  push(...work(50), "promise", ...work(50));
  await worker.says("task.poisoned", { task: 551 });
  await site.becomes(601, "finished");
  expect(site.all(finished)).toHaveLength(600);
  expect(site.all("SELECT id FROM tq_tasks WHERE crashes > 0")).toEqual([{ id: 551 }]);
});
