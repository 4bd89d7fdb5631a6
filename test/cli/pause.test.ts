/** `tq pause` and `tq resume`, and what other commands say of what is paused. */
import { describe, expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

const WORKER = { env: { TQ_QUEUE__WORKER: "1", USER: "ana" } };
const PAUSED = /^The queue print is paused by ana@\S+ since \d\d:\d\d: no toner\n$/;

/** A folder with a ready task of the queue print. */
async function withTask() {
  const folder = new Folder();
  const store = folder.store();
  await store.push([newTask({ queue: "print" })]);
  const tq = (...args: string[]) => folder.tqWith(WORKER, ...args);
  const pause = { kind: "queue", name: "print", by: "ana@till3", reason: "toner", until: null };
  return {
    folder,
    store,
    tq,
    pausePrint: () => store.pauses.pause({ ...pause, kind: "queue" }),
    async [Symbol.asyncDispose]() {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("tq pause", () => {
  test("makes the database of a new project", async () => {
    await using folder = new Folder();
    expect(await folder.tqWith(WORKER, "pause", "print")).toMatchObject({ code: 0 });
    expect((await folder.tqWith(WORKER, "status")).stdout).toContain("print");
  });

  test("pauses a queue, says by whom and why, and how to go on", async () => {
    await using site = await withTask();
    const { code, stdout, stderr } = await site.tq("pause", "print", "--reason", "no toner");
    expect([code, stderr]).toEqual([
      0,
      "tq: Running tasks end, others wait; to go on: tq resume print\n",
    ]);
    expect(stdout).toMatch(PAUSED);
    const again = await site.tq("pause", "print", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ kind: "queue", name: "print", reason: null });
    expect(again.stderr).toContain("Before, the queue print is paused by ana@");
  });

  test("takes a length of time, a point in time and a time of day", async () => {
    await using site = await withTask();
    const untilOf = async (text: string) => {
      const { stdout } = await site.tq("pause", "--task", "sale.*", "--until", text, "--json");
      return (JSON.parse(stdout) as { until: number }).until - Date.now();
    };
    const hour = 3_600_000;
    expect(await untilOf("2h")).toBeWithin(1.9 * hour, 2 * hour);
    expect(await untilOf("2090-01-01T00:00Z")).toBeGreaterThan(365 * 24 * hour);
    const next = await untilOf("7:05");
    expect(next).toBeWithin(0, 25 * hour);
    const [pause] = await site.store.pauses.list();
    const at = new Date(pause?.until ?? 0);
    expect([at.getHours(), at.getMinutes()]).toEqual([7, 5]);
  });

  test.each([
    [["pause"], "Cannot pause: give the name of a queue, or --task with a method"],
    [["pause", "print", "--task", "sale.x"], "Cannot pause: give a queue or --task, not both"],
    [["pause", ""], 'QUEUE cannot be "": it must be the name or pattern of queues'],
    [
      ["pause", "x".repeat(1_001)],
      "it must be the name or pattern of queues, as text of 1 to 1000",
    ],
    [["pause", "print", "--reason", "x".repeat(1_001)], "it must be why it is paused, as text"],
    [["pause", "print", "--until", "2020-01-01"], "Cannot pause: --until has passed already"],
    [["pause", "print", "--until", "soon"], '"soon"'],
    [["pause", "print", "--until", "25:99"], "--until"],
    [["resume"], "Cannot resume: give the name of a queue, or --task with a method"],
    [["resume", "print", "--all"], "Cannot resume: give --all, or what to resume; not both"],
  ])("%p is refused with a sentence, and pauses nothing", async (args, sentence) => {
    await using site = await withTask();
    const { code, stdout, stderr } = await site.tq(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(sentence);
    expect(await site.store.pauses.list()).toEqual([]);
  });

  test.each([
    [["prnit"], 'No task is of the queue prnit; did you mean "print"?; the pause holds for those'],
    [["mail*"], "No task is of the queues mail*; the pause holds for those to come"],
    [["sale.process"], "the method is paused with --task sale.process"],
    [["--task", "sael.process"], 'did you mean "sale.process"?'],
    [
      ["--task", "sale.prcess"],
      'No task is of the method sale.prcess; did you mean "sale.process"?',
    ],
    [["--task", "sale.print"], "No task is of the method sale.print (there are sale.process); the"],
    [
      ["--task", "sale"],
      'No task is of the function sale; did you mean "sale.*"?; the pause holds',
    ],
    [["it's 100% \u0001"], "to go on: tq resume 'it'\\''s 100% "],
    [["--", "-x"], "to go on: tq resume -- -x"],
  ])("of %p, which no task has, says so, and holds", async (args, note) => {
    await using site = await withTask();
    const { code, stderr } = await site.tq("pause", ...args);
    expect(code).toBe(0);
    expect(stderr).toContain(note);
    expect(await site.store.pauses.list()).toHaveLength(1);
  });
});

test.each(["thumbnail", "thumbnail.call", "thumbnail.*"])(
  "a pause of %s holds the function, without a note",
  async (name) => {
    await using site = await withTask();
    const call = { model: "thumbnail", method: "call", instances: [] };
    const [id = 0] = await site.store.push([newTask(call)]);
    const { stderr } = await site.tq("pause", "--task", name);
    expect(stderr).toMatch(
      /^tq: Running tasks end, others wait; to go on: tq resume --task \S+\n$/,
    );
    const why = await site.tq("why", String(id));
    expect(why.stdout).toContain(`its function thumbnail`);
    expect(why.stdout).toContain("is paused by ana@");
  },
);

test("a method that a model has and no task yet is paused without a note, and proposed for a near name", async () => {
  await using site = await withTask();
  site.folder.write(
    "models.ts",
    'import { Model } from "tq"; export class Label extends Model { static __name__ = "label"; static print() {} }',
  );
  const { stderr } = await site.tq("pause", "--task", "label.print");
  expect(stderr).toStartWith("tq: Running tasks end");
  const near = await site.tq("pause", "--task", "label.prnt");
  expect(near.stderr).toContain('No task is of the method label.prnt; did you mean "label.print"?');
  site.folder.write("models.ts", "throw new Error('broken');");
  const broken = await site.tq("pause", "--task", "label.prnt");
  expect(broken.code).toBe(0);
  expect(broken.stderr).toContain("No task is of the method label.prnt (there are sale.process)");
});

describe("tq resume", () => {
  test("ends one pause, and tells of another that holds the same tasks", async () => {
    await using site = await withTask();
    await site.tq("pause", "print");
    await site.tq("pause", "p*");
    const { code, stdout, stderr } = await site.tq("resume", "print");
    expect([code, stdout]).toEqual([0, "The queue print is resumed\n"]);
    expect(stderr).toContain("Still, the queues p* are paused by ana@");
    expect(stderr).toContain("; to end that too: tq resume 'p*'");
    expect(await site.tq("resume", "print")).toMatchObject({
      code: 3,
      stderr: "tq: Cannot resume the queue print: not paused; tq status shows what is\n",
    });
    expect(await site.tq("resume", "--all")).toMatchObject({
      stdout: "The queues p* are resumed\n",
    });
    expect(await site.tq("resume", "--all")).toMatchObject({ stdout: "Nothing was paused\n" });
  });
});

describe("what is paused", () => {
  const WORDS = /print \S* ?is paused by ana@till3 since \d\d:\d\d: toner/;

  test("is said by tq why, with the command that resumes it", async () => {
    await using site = await withTask();
    await site.pausePrint();
    const { stdout } = await site.tq("why", "1", "--json");
    const why = JSON.parse(stdout) as Record<"cause" | "sentence" | "command", string>;
    expect(why).toMatchObject({ cause: "paused", command: "tq resume print" });
    expect(why.sentence).toMatch(/^Task 1 waits: its queue print is paused by ana@till3 since/);
  });

  test("is said by tq show, with the command that resumes it", async () => {
    await using site = await withTask();
    await site.pausePrint();
    const { stdout } = await site.tq("show", "1");
    expect(stdout).toContain("state      ready (paused)\n");
    expect(stdout).toMatch(
      /^paused {5}its queue print is paused by ana@till3 since \d\d:\d\d: toner; to go on: tq resume print$/m,
    );
    expect(JSON.parse((await site.tq("show", "1", "--json")).stdout)).toMatchObject({
      state: "ready",
      paused: true,
    });
    await site.store.cancel(1);
    expect((await site.tq("show", "1")).stdout).not.toContain("paused");
  });

  test("is said by tq status, which takes it for no problem, and by tq list", async () => {
    await using site = await withTask();
    await site.pausePrint();
    const store = site.store;
    await store.register({ id: "w-1", pid: process.pid, threads: 1, queues: [] });
    const status = await site.tq("status");
    expect([status.code, status.stdout]).toEqual([0, expect.stringMatching(WORDS)]);
    expect(status.stdout).toMatch(/failed {2}paused\nprint .* yes/);
    const json = JSON.parse((await site.tq("status", "--json")).stdout) as object;
    expect(json).toMatchObject({ pauses: [{ name: "print" }], queues: [{ paused: true }] });
    const list = await site.tq("list");
    expect(list.stdout).toContain("1  ready (paused)  print");
    expect(list.stderr).toMatch(WORDS);
    expect(JSON.parse((await site.tq("list", "--json")).stdout)).toMatchObject([{ paused: true }]);
    await store.unregister("w-1");
  });

  test("is said at a push, at a retry by hand, and by tq watch", async () => {
    await using site = await withTask();
    await site.pausePrint();
    const push = await site.tq("push", "note", "count", "1", "--queue", "print");
    expect(push.stderr).toMatch(/^tq: Pushed, but its queue print is paused by ana@till3/);
    await site.store.cancel(1);
    const retry = await site.tq("retry", "1");
    expect([retry.stdout, retry.stderr]).toEqual([
      "1 ready\n",
      expect.stringMatching(
        /^tq: Task 1 waits: its queue print is paused by .* tq resume print\n$/,
      ),
    ]);
    const watching = site.folder.start(["watch", "1"], WORKER.env);
    const { value } = await watching.stderr.getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/^tq: Task 1 waits: its queue print is paused/);
    watching.kill();
    await watching.exited;
  });
});
