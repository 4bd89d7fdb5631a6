import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { ended, Folder } from "./tq.ts";

const MODELS = `
import { Model } from "tq";
export class Note extends Model {
  static override readonly __name__ = "note";
  static async read(notes: unknown, ...args: unknown[]) {
    console.log("from the task");
    return { args, notes: Array.isArray(notes) ? notes.length : "one" };
  }
  static async burn() {
    throw new Error("no \\u001b[31mfire");
  }
}`;

const WORKER = { env: { TQ_QUEUE__WORKER: "1" } };

let folder: Folder;

beforeAll(async () => {
  folder = new Folder();
  folder.write("models.ts", MODELS);
  await folder.store().close(); // a push that makes the queue says so
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

async function pushed(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await folder.tqWith(WORKER, "push", "note", "read", ...args, "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("tq push with a worker", () => {
  test("prints the id, or one id a line", async () => {
    const one = await folder.tqWith(WORKER, "push", "note", "read", "7");
    expect(one).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\n$/), stderr: "" });
    const three = await folder.tqWith(WORKER, "push", "note", "read", "1,2,3", "--batch", "1");
    expect(three.stdout).toMatch(/^\d+\n\d+\n\d+\n$/);
    const none = await folder.tqWith(WORKER, "push", "note", "read", "[]");
    expect(none).toEqual({
      code: 0,
      stdout: "",
      stderr:
        "tq: An empty list of instances makes no task; tq cron run NAME calls a static method without records, as its recurring task says\n",
    });
  });

  test("takes a time of day, and says which instant that is", async () => {
    const flags = ["--scheduled-at", "19:30", "--json"];
    const { stdout, stderr } = await folder.tqWith(WORKER, "push", "note", "read", "7", ...flags);
    const at = new Date((JSON.parse(stdout) as { scheduled_at: number }).scheduled_at);
    expect([at.getHours(), at.getMinutes()]).toEqual([19, 30]);
    expect(stderr).toContain("--scheduled-at 19:30 is 2");
  });

  test("stores what its flags say", async () => {
    const before = Date.now();
    const args = '["x",{"__class__":"date","year":2024,"month":2,"day":29}]';
    const task = await pushed(
      "7",
      `--args=${args}`,
      "--user=3",
      '--context={"company":1}',
      "--queue=mail",
      "--priority=-2",
      "--ref=r=1",
      "--scheduled-at=5m",
      "--expected-at=-1h",
    );
    expect(task).toMatchObject({
      state: "scheduled",
      model: "note",
      method: "read",
      instances: 7,
      args: ["x", { __class__: "date", year: 2024, month: 2, day: 29 }],
      user: 3,
      context: { company: 1 },
      queue: "mail",
      priority: -2,
      ref: "r=1",
    });
    expect(task["scheduled_at"]).toBeWithin(before + 300_000, Date.now() + 300_001);
    expect(task["expected_at"]).toBeWithin(before - 3_600_000, Date.now() - 3_599_999);
  });

  test("takes points in time, and says which instant each is", async () => {
    const args = ["push", "note", "read", "7", "--json", "--scheduled-at", "2030-12-01T07:00"];
    const env = { ...WORKER.env, TZ: "Europe/Berlin" };
    const { stdout, stderr, code } = await folder.tqWith({ ...WORKER, env }, ...args);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: '{"note":"--scheduled-at 2030-12-01T07:00 is 2030-12-01T06:00:00Z"}\n',
    });
    const { scheduled_at } = JSON.parse(stdout) as { scheduled_at: number };
    expect(scheduled_at).toBe(Date.parse("2030-12-01T06:00Z"));
  });

  test("reads the instances from standard input", async () => {
    const { stdout } = await folder.tqWith(
      { ...WORKER, input: "[4, 5]\n" },
      "push",
      "note",
      "read",
      "-",
      "--json",
    );
    expect(JSON.parse(stdout)).toMatchObject([{ instances: [4, 5] }]);
  });

  needs("Linux").test("refuses an argument that is not UTF-8", async () => {
    const { code, stderr } = await folder.shell(`"$0" "$@" push note read "$(printf '7\\377')"`);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'tq: Cannot read the argument "7\uFFFD": it is not UTF-8; encode it as UTF-8\n',
    );
  });

  test("refuses a standard input that cannot be read", async () => {
    const directory = openSync(folder.path, "r");
    try {
      const { code, stderr } = await ended(
        folder.start(["push", "note", "read", "-"], WORKER.env, directory),
      );
      expect(code).toBe(2);
      expect(stderr).toStartWith("tq: Cannot read standard input: ");
    } finally {
      closeSync(directory);
    }
  });

  test.each([
    [
      ["note", "read"],
      "tq: INSTANCES is missing (the ids of the records: 7, or 1,2,3, or a JSON array; - reads them from standard input): tq push [flags] MODEL METHOD INSTANCES",
    ],
    [["note", "read", "x"], "tq: INSTANCES cannot be text of 1 character"],
    [["note", "read", "-"], "tq: Standard input cannot be text of 0 characters"],
    [["note", "read", "7", "--args", "{}"], "tq: --args cannot be an object"],
    [["note", "read", "7", "--context", "[]"], "tq: --context cannot be a list"],
    [["note", "read", "7", "--user", "1e3"], 'tq: --user cannot be "1e3"'],
    [
      ["note", "read", "7", "--scheduled-at", "5"],
      'tq: --scheduled-at: "5" has no unit; say the unit',
    ],
    [["note", "read", "7", "--batch", "0"], 'tq: --batch cannot be "0"'],
    [
      ["note", "red", "7"],
      'tq: Cannot push note.red: the model note has no method "red"; did you mean "read"?',
    ],
    [
      ["note", "constructor", "7"],
      'tq: Cannot push note.constructor: the model note has no method "constructor"',
    ],
    [
      ["not", "read", "7"],
      'tq: Cannot push not.read: there is no model "not"; did you mean "note"?',
    ],
  ])("refuses %j", async (args, beginning) => {
    const { code, stdout, stderr } = await folder.tqWith(WORKER, "push", ...args);
    expect(stderr).toStartWith(beginning);
    expect({ code, stdout }).toEqual({ code: stderr.includes("Cannot push") ? 3 : 2, stdout: "" });
  });

  test("waits for the end of the task, whoever runs it", async () => {
    const waiting = folder.start(["push", "note", "read", "7", "--wait", "-q"], WORKER.env);
    const ids = waiting.stdout.getReader();
    const { value } = await ids.read();
    const id = Number(new TextDecoder().decode(value));
    expect(id).toBeGreaterThan(0);
    await folder.tq("cancel", String(id));
    expect(await waiting.exited).toBe(1);
    expect(await new Response(waiting.stderr).text()).toBe(
      `tq: Task ${id} was cancelled: cancelled by hand\n`,
    );
  });

  test("pushes for any model where there are no models to look at", async () => {
    await using empty = new Folder();
    const { code } = await empty.tqWith(WORKER, "push", "somebody.elses", "process", "7");
    expect(code).toBe(0);
  });
});

describe("tq push without a worker", () => {
  test("runs the task itself, and keeps what it prints away from the answer", async () => {
    const { code, stdout, stderr } = await folder.tq(
      "push",
      "note",
      "read",
      "7",
      "--args",
      "[1]",
      "--wait",
      "--json",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      state: "finished",
      result: { args: [1], notes: "one" },
    });
    expect(stderr).toContain("from the task");
  });

  test("exits with 1 when the task failed and it waits, else with 0", async () => {
    const waited = await folder.tq("push", "note", "burn", "7", "--wait", "-q");
    expect(waited.code).toBe(1);
    expect(waited.stderr).toContain("failed: Error: no \\x1b[31mfire");
    expect((await folder.tq("push", "note", "burn", "7", "-q")).code).toBe(0);
  });

  test("says with --wait that the method was not called where none of the records exists", async () => {
    await using own = new Folder();
    own.write(
      "models.ts",
      'import { ModelSQL, v } from "tq"; export class Box extends ModelSQL("box", { size: v.number() }) { async fill() {} }',
    );
    const why = "its record does not exist; the method was not called";
    const waited = await own.tq("push", "box", "fill", "4711", "--wait");
    expect(waited.code).toBe(0);
    expect(waited.stderr).toContain(`tq: Task 1 finished: ${why}\n`);
    expect((await own.tq("show", "1")).stdout).toMatch(new RegExp(`reason +${why}`));
  });

  test("exits with 9 and a sentence when the queue is full", async () => {
    await using full = new Folder();
    full.write("models.ts", MODELS);
    full.write("tq.toml", "[queue]\nworker = true\nmax_size = 1\n");
    expect(await full.tq("push", "note", "read", "1")).toMatchObject({ code: 0, stdout: "1\n" });
    expect(await full.tq("push", "note", "read", "2")).toEqual({
      code: 9,
      stdout: "",
      stderr:
        "tq: Cannot push a task: the queue has 1, and queue.max_size is 1; wait until some have run, or raise it\n",
    });
  });

  test("refuses where there are no models", async () => {
    await using empty = new Folder();
    const { code, stderr } = await empty.tq("push", "note", "read", "7");
    expect(code).toBe(3);
    expect(stderr).toContain("no models are known here");
  });

  test("says what a model is where the file has none", async () => {
    await using nameless = new Folder();
    nameless.write("models.ts", "class Note {}");
    const { code, stderr } = await nameless.tq("push", "note", "read", "7");
    expect(code).toBe(3);
    expect(stderr).toContain('there is no model "note"; a model is an exported class that');
  });

  test("runs the task itself without a worker, and leaves no proof of life behind", async () => {
    await using own = new Folder();
    own.write(
      "models.ts",
      'import { Model } from "tq"; export class Note extends Model { static __name__ = "note"; async read() { return 7; } }',
    );
    expect((await own.tq("push", "note", "read", "1", "--wait")).code).toBe(0);
    const store = own.store();
    expect(await store.workers()).toEqual([]);
    expect(await store.list()).toMatchObject([{ state: "finished", result: 7 }]);
    await store.close();
  });

  test("says that it runs the task although a worker runs, unless worker = false says so", async () => {
    await using own = new Folder();
    own.write("models.ts", MODELS);
    const store = own.store();
    await store.register({ id: "w-1", pid: 4711, threads: 2, queues: [] });
    const said = async () => (await own.tq("push", "note", "read", "1")).stderr;
    const warning =
      "runs its own tasks at once, although a worker (pid 4711) runs on this database";
    expect(await said()).toContain(
      `${warning}: queue.worker is false here; the current folder has no tq.toml`,
    );
    own.write("tq.toml", "[queue]\nclean_days = 7\n");
    expect(await said()).toContain(`set [queue] worker in ${own.file("tq.toml")}`);
    own.write("tq.toml", "[queue]\nworker = false\n");
    expect(await said()).not.toContain("although");
    await store.unregister("w-1");
    await store.close();
  });

  test("says why the models cannot be loaded", async () => {
    await using broken = new Folder();
    broken.write("models.ts", 'throw new Error("not today");');
    const { code, stderr } = await broken.tq("push", "note", "read", "7");
    expect(code).toBe(7);
    expect(stderr).toContain("not today");
  });
});
