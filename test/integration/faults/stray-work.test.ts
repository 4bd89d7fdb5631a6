/** A promise that a method does not await, and that goes on after the task has ended. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import type { Running } from "../support/running.ts";
import { Site } from "../support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { existsSync } from "node:fs";
import { ModelSQL, Transaction, v } from "tq";

async function until(name: string) { while (!existsSync(name)) await Bun.sleep(2); }

export class Note extends ModelSQL("note", { words: v.optional(v.number()) }) {
  static readonly tasks = { eachOutside: { transaction: false } };
  static async make(notes: unknown) { await Note.create([{ words: 0 }]); }
  async each() {
    [1, 2].forEach(async (words) => {
      await Bun.sleep(1);
      this.words = words;
      await this.save();
    });
  }
  async eachOutside() {
    [1].forEach(async () => {
      await until("go");
      await this.save();
    });
  }
  async later() {
    setTimeout(async () => {
      await until("go");
      this.words = 9;
      await this.save();
    }, 1);
  }
  async float() { void Promise.reject(new RangeError("not awaited")); }
  async wait() { await until("done"); }
}`;

async function siteWithNote(): Promise<{ site: Site; worker: Running }> {
  const site = new Site();
  site.write("models.ts", MODELS);
  site.write(
    "seed.ts",
    'import { Transaction } from "tq"; import { Note } from "./models.ts"; await Transaction.start({}, () => Note.create([{ words: 0 }]));',
  );
  expect(await site.run("run", "seed.ts")).toMatchObject({ code: 0 });
  return { site, worker: await site.worker(["-n", "1"]) };
}

const LINES: Record<string, readonly [line: number, error: string]> = {
  each: [14, "TqError: Cannot use this transaction: it has ended"],
  float: [30, "RangeError: not awaited"],
};

for (const [method, [line, error]] of Object.entries(LINES)) {
  test(`what ${method} does not await is a warning with its task and line, kept among its errors`, async () => {
    const { site, worker } = await siteWithNote();
    await using _ = site;
    const id = await site.pushOne("note", method, "1");
    const { message, level, place } = await worker.says("task.stray", { task: id });
    expect(level).toBe("warn");
    expect(message).toStartWith(`task ${id} left work behind that failed after its end; await it`);
    expect(message).toContain(`note.${method}`);
    expect(message).toContain(error);
    expect(place).toStartWith(`${site.file("models.ts")}:${line}:`);
    await eventually("it is kept", async () => {
      return (await site.run("show", String(id))).stdout.includes(error);
    });
    expect(site.task(id)).toMatchObject({ state: "finished", crashes: 0 });
    expect(worker.find("thread.replaced")).toBeUndefined();
  });
}

for (const method of ["later", "eachOutside"]) {
  test(`a save that ${method} begins after its end is charged to its task, not to the one that runs then`, async () => {
    const { site, worker } = await siteWithNote();
    await using _ = site;
    const guilty = await site.pushOne("note", method, "1");
    await site.becomes(guilty, "finished");
    const innocent = await site.pushOne("note", "wait", "1");
    await worker.says("task.started", { task: innocent });
    site.write("go", "");
    const { place } = await worker.says("task.stray", { task: guilty });
    expect(place).toStartWith(`${site.file("models.ts")}:`);
    site.write("done", "");
    expect(await site.becomes(innocent, "finished")).toMatchObject({ crashes: 0, attempts: 1 });
    expect(worker.find("thread.replaced")).toBeUndefined();
  });
}

test("among quick tasks each lost save is charged to its own task", async () => {
  const { site, worker } = await siteWithNote();
  await using _ = site;
  const ids: number[] = [];
  for (let count = 0; count < 60; count++) ids.push(await site.pushOne("note", "each", "1"));
  for (const id of ids)
    await eventually(
      `task ${id} is warned of`,
      () => worker.count("task.stray", { task: id }) === 2,
    );
  expect(worker.find("thread.replaced")).toBeUndefined();
  for (const id of ids) expect(site.task(id)).toMatchObject({ state: "finished", crashes: 0 });
});
