/** `tq try`: what it shows, and that nothing of it stays. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { newTask } from "../../support/store.ts";
import { Folder } from "../tq.ts";

const MODELS = `
import { Cancel, currentTask, Model, ModelSQL, Snooze, task, Transaction, v } from "tq";

export class Sale extends ModelSQL("sale", { state: v.optional(v.string(), "draft") }) {
  static tasks = { fail: { attempts: 3, backoff: "10m" }, outside: { transaction: false }, deliver: { onFailed: "tell" } };
  async process() {
    console.log("processing");
    currentTask()?.log("logged");
    currentTask()?.progress(1, 2);
    this.state = "done";
    await this.save();
    await Sale.__queue__.fail(this);
    return { ok: true };
  }
  async fail() {
    this.state = "failing";
    await this.save();
    throw new Error("no printer");
  }
  async commits() {
    this.state = "committed";
    await this.save();
    await Transaction.current.commit().catch(() => {});
    this.state = "again";
    await this.save();
  }
  outside() {}
  async exits() {
    this.state = "exits";
    await this.save();
    process.exit(0);
  }
  async deliver() { await Sale.__queue__.fail(this); throw new Error("no van"); }
  tell(failure) {}
  snooze() { throw new Snooze("2h"); }
  cancel() { throw new Cancel("not needed"); }
  static async endless([sale]) {
    sale.state = "endless";
    await sale.save();
    console.log("began");
    for (;;);
  }
}
export const greet = task("greet", (name) => "hello " + name);
export class Seed extends Model {
  static __name__ = "seed";
  static async make() { await Sale.create([{}, {}]); }
}
`;

const folder = new Folder();
afterAll(() => folder[Symbol.asyncDispose]());

beforeAll(async () => {
  folder.write("tq.toml", "[queue]\nworker = true\n");
  folder.write("models.ts", MODELS);
  const succeeds = async (...args: string[]) => expect((await folder.tq(...args)).code).toBe(0);
  await succeeds("push", "seed", "make", "1");
  await succeeds("worker", "--drain", "--quiet");
  await succeeds("push", "sale", "process", "1");
  await succeeds("cancel", "2");
  await succeeds("push", "sale", "fail", "2");
  await succeeds("worker", "--drain", "--quiet");
}, 30_000);

/** All rows that matter; `fn` must not change them. */
async function unchanged<T>(fn: () => Promise<T>): Promise<T> {
  const before = await rows();
  const result = await fn();
  expect(await rows()).toEqual(before);
  return result;
}

async function rows(): Promise<unknown[]> {
  const { Database } = await import("bun:sqlite");
  using db = new Database(folder.file("tq.db"), { readonly: true });
  const tables = ["sale", "tq__task", "tq__attempt", "tq__error", "tq__output"];
  return tables.map((name) => db.query(`SELECT * FROM ${name}`).values());
}

test("a trial of a task shows its rows, its pushes, its output and its result", async () => {
  const { code, stdout, stderr } = await unchanged(() => folder.tq("try", "2"));
  expect(stdout.replace(/after .*/, "after …")).toBe(
    [
      "sale.process would have finished, after …",
      'result  {"ok":true}',
      "progress  1 of 2, 50 %",
      "",
      "TABLE  ID  CHANGE  VALUES",
      'sale   1   update  state: "draft" → "done"',
      "",
      "WOULD HAVE PUSHED  INSTANCES  ARGS  QUEUE    SCHEDULED",
      "sale.fail          1          []    default",
      "",
    ].join("\n"),
  );
  expect(stderr).toBe(
    "tq: This runs task 2, sale.process. The database stays as it is; what else the method does, such as mail, print and requests, does happen.\nprocessing\nlogged\n",
  );
  expect(code).toBe(0);
});

test("a trial as JSON has the changes and the output too", async () => {
  const { code, stdout } = await unchanged(() => folder.tq("try", "2", "--json"));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    task: 2,
    model: "sale",
    method: "process",
    outcome: "finished",
    result: { ok: true },
    error: null,
    changes: [
      {
        table: "sale",
        id: 1,
        change: "update",
        before: { state: "draft" },
        after: { state: "done" },
      },
    ],
    pushed: [{ model: "sale", method: "fail" }],
    output: [{ text: "processing" }, { text: "logged" }],
  });
});

test("a trial of a run that fails for good shows the task that onFailed pushes, and no other", async () => {
  const { stdout } = await unchanged(() => folder.tq("try", "sale", "deliver", "1"));
  expect(stdout).toContain("would have been undone. Its failure would have pushed a task");
  expect(stdout).toMatch(/^sale\.tell +1 +\[\{"attempts":1,"call":"sale\.deliver",/m);
  expect(stdout).not.toContain("sale.fail ");
  const { stdout: json } = await unchanged(() =>
    folder.tq("try", "sale", "deliver", "1", "--json"),
  );
  expect(JSON.parse(json)).toMatchObject({ pushed: [{ model: "sale", method: "tell" }] });
  expect(JSON.parse((await folder.tq("try", "3", "--json")).stdout)).toMatchObject({ pushed: [] });
});

test.each([
  [["3"], 1, "sale.fail (run 2) would have failed, attempt 2 of 3, and been tried again in"],
  [["sale", "snooze", "1"], 0, "sale.snooze would have been put off for 2 h"],
  [["sale", "cancel", "1"], 1, "sale.cancel would have been cancelled: not needed"],
  [["greet", '["ada"]'], 0, 'result  "hello ada"'],
  [["seed", "make", "1"], 0, 'sale   3   insert  id: 3, state: "draft"'],
  [["sale", "process", "99"], 0, "its record does not exist"],
])("a trial of %p ends with %d and says how the run ended", async (args, status, words) => {
  const { code, stdout } = await unchanged(() => folder.tq("try", ...args));
  expect(stdout).toContain(words);
  expect(code).toBe(status);
});

test("a trial of a run that fails says that its work would have been undone", async () => {
  const { stdout } = await folder.tq("try", "sale", "fail", "1");
  expect(stdout).toContain("  Error: no printer\n");
  expect(stdout).toContain("models.ts:");
  expect(stdout).toContain("All that it did would have been undone.\n");
});

test.each([
  [["sale", "commits", "1"], 4, "Cannot try sale.commits: it commits while it runs"],
  [
    ["sale", "outside", "1"],
    4,
    "Cannot try sale.outside: sale.outside runs outside any transaction (transaction: false), so what it commits would stay; to see what it does, run it on a copy of the database, or in a test with tq/testing",
  ],
  [["sale", "exits", "1"], 1, "its method called process.exit(0)"],
  [["99"], 3, "Cannot try task 99: there is no such task"],
  [["0"], 2, "must be a whole number from 1"],
  [["2", "--args", "[1]"], 2, "Cannot try: task 2 has its arguments; leave out --args"],
  [["sale", "proces", "1"], 3, 'the model sale has no method "proces"; did you mean "process"?'],
  [["nosuch", "x", "1"], 3, 'Cannot try nosuch.x: there is no model "nosuch"'],
  [["sale"], 2, "METHOD is missing"],
])("a trial of %p is refused with %d and a sentence", async (args, status, sentence) => {
  const { code, stderr } = await unchanged(() => folder.tq("try", ...args));
  expect(stderr).toContain(sentence);
  expect(code).toBe(status);
});

test("a running task is not tried, and one whose model is gone would have failed", async () => {
  await using other = new Folder();
  other.write("tq.toml", "[queue]\nworker = true\n");
  await using store = await storeOf(other);
  const [running = 0, gone = 0] = await store.push(
    ["sale", "gone"].map((model) => newTask({ model })),
  );
  await store.write((session) => session.claimOne(running, { worker: "w", thread: 1 }));
  other.write("models.ts", "export {};");
  const first = await other.tq("try", String(running));
  expect(first.stderr).toContain(
    `Cannot try task ${running}: it is running; wait until it has ended`,
  );
  expect(first.code).toBe(4);
  const second = await other.tq("try", String(gone));
  expect(second.stdout).toContain("gone.process would have failed");
  expect(second.stdout).toContain('there is no model "gone" here');
  expect(second.code).toBe(1);
});

async function storeOf(of: Folder) {
  const store = of.store();
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

test("on a terminal a trial asks first, and only yes runs it", async () => {
  const no = await folder.inTerminal({ columns: 80, keys: "n\n" }, "try", "2");
  expect(no.text).toContain("does happen. Type y to go on");
  expect(no.text).not.toContain("would have");
  expect(no.code).toBe(1);
  const yes = await folder.inTerminal({ columns: 60, keys: "y\n" }, "try", "2");
  expect(yes.text).toContain("would have finished");
  expect(yes.code).toBe(0);
});

test("Ctrl-C ends a trial of an endless task, and nothing of it stays", async () => {
  await unchanged(async () => {
    const main = join(import.meta.dir, "../../../cli/main.ts");
    const child = Bun.spawn([process.execPath, main, "try", "sale", "endless", "[1]"], {
      cwd: folder.path,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      if (text.includes("began")) break;
    }
    child.kill("SIGINT");
    await child.exited;
    expect(child.signalCode).toBe("SIGINT");
  });
});
