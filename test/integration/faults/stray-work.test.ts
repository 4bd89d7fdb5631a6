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
  static readonly tasks = { eachOutside: { transaction: false }, pushLate: { transaction: false } };
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
  async caught() {
    void until("go").then(async () => {
      for (let time = 0; time < 1000; time++) {
        try {
          await Note.create([{ words: time }]);
        } catch {}
      }
    });
  }
  async caughtFailed() {
    await this.caught();
    throw new Error("no");
  }
  async pushLate() {
    void until("go").then(async () => {
      await Note.__queue__.make([1]);
    });
  }
  async floatMeanwhile() {
    void Promise.reject(new RangeError("floats"));
    await until("never");
  }
  async wait() { await until("done"); }
  static async floatAtOnce() { void Promise.reject(new RangeError("floats at once")); }
  static async floatBefore(_: unknown, how: string) {
    if (how === "turn") await new Promise((yes) => setImmediate(yes));
    if (how === "last") await Bun.sleep(1);
    void Promise.reject(new RangeError("floats"));
    if (how !== "last") await Bun.sleep(1);
  }
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
    await becomesReason(
      site,
      id,
      `left work behind that failed at ${place}; await it in the method`,
    );
    expect(worker.find("thread.replaced")).toBeUndefined();
  });
}

async function becomesReason(site: Site, id: number, reason: string): Promise<void> {
  await eventually("its row says so", () => site.task(id)["reason"] === reason);
  const { stdout } = await site.run("list");
  expect(stdout).toContain(reason);
}

test("writes after the end whose error the code catches are charged once for their line, and not to a failed task", async () => {
  const { site, worker } = await siteWithNote();
  await using _ = site;
  const failed = await site.pushOne("note", "caughtFailed", "1");
  await site.becomes(failed, "failed");
  const id = await site.pushOne("note", "caught", "1");
  await site.becomes(id, "finished");
  site.write("go", "");
  const { level, place } = await worker.says("task.stray", { task: id });
  expect(level).toBe("warn");
  expect(place).toStartWith(`${site.file("models.ts")}:`);
  await becomesReason(site, id, `left work behind that failed at ${place}; await it in the method`);
  expect(worker.count("task.stray")).toBe(1);
  expect(site.task(failed)).toMatchObject({ reason: "Error: no" });
});

test("a push after the end of a method outside any transaction is stored, and charged to its task", async () => {
  const { site, worker } = await siteWithNote();
  await using _ = site;
  const id = await site.pushOne("note", "pushLate", "1");
  await site.becomes(id, "finished");
  site.write("go", "");
  const { message, place } = await worker.says("task.stray", { task: id });
  expect(message).toStartWith(`task ${id} pushed after its end, when no claim guards the push; `);
  await becomesReason(site, id, `pushed after its end at ${place}; await it in the method`);
  await site.becomes(id + 1, "finished");
});

test("a rejection while its task runs counts a crash whose reason names the line", async () => {
  const { site } = await siteWithNote();
  await using _ = site;
  const id = await site.pushOne("note", "floatMeanwhile", "1");
  const { reason } = await site.becomes(id, "failed");
  expect(reason).toStartWith(
    `Set aside after 3 crashes: RangeError: floats at ${site.file("models.ts")}:`,
  );
});

for (const [when, how] of [
  ["waits", "wait"],
  ["waited for a turn of the event loop", "turn"],
  ["is about to end", "last"],
] as const) {
  test(`a rejection while a method ${when} counts a crash, also after the rejection of a task that has ended`, async () => {
    const { site, worker } = await siteWithNote();
    await using _ = site;
    const floats: number[] = [];
    const ended: number[] = [];
    for (let count = 0; count < 8; count++) {
      floats.push(await site.pushOne("note", "floatBefore", "1", "--args", JSON.stringify([how])));
      ended.push(await site.pushOne("note", "floatAtOnce", "1"));
    }
    for (const id of floats) await site.becomes(id, "failed");
    for (const id of ended) {
      await site.becomes(id, "finished");
      expect(site.task(id)).toMatchObject({ crashes: 0 });
    }
    expect(worker.find("task.stray", { task: floats[0] })).toBeUndefined();
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
