/** Queues whose tasks no live worker takes: a push, a wait, a list and the status say so. */
import { describe, expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

const WORKER = { env: { TQ_QUEUE__WORKER: "1" } };
const PUSH = ["push", "note", "count", "1", "--queue"];

/** A folder whose database has a worker: this process, which runs nothing. */
async function withWorker(queues: readonly string[], threads = 2) {
  const folder = new Folder();
  const store = folder.store();
  await store.register({ id: "w-1", pid: process.pid, threads, queues });
  return {
    folder,
    store,
    async [Symbol.asyncDispose]() {
      await store.unregister("w-1");
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("a push into a queue that no live worker takes", () => {
  test.each([
    ["prnit", '; one takes "print": is one of the two names misspelt?'],
    ["mail", "; they take print, pdf*"],
  ])("says so, with the near name or the names that are taken: %s", async (queue, hint) => {
    await using site = await withWorker(["print", "pdf*"]);
    expect(await site.folder.tqWith(WORKER, ...PUSH, queue)).toEqual({
      code: 0,
      stdout: "1\n",
      stderr: `tq: Pushed, but no live worker takes tasks of the queue "${queue}"${hint}\n`,
    });
  });

  test("says so before it waits", async () => {
    await using site = await withWorker(["print"]);
    const waiting = site.folder.start([...PUSH, "prnit", "--wait"], WORKER.env);
    const said = await waiting.stderr.getReader().read();
    expect(new TextDecoder().decode(said.value)).toBe(
      'tq: Waiting, but no live worker takes tasks of the queue "prnit"; one takes "print": is one of the two names misspelt?\n',
    );
    await site.store.cancel(1);
    expect(await waiting.exited).toBe(1);
  });

  test.each([
    [["print"], "print"],
    [["pdf*"], "pdf-a4"],
    [[], "anything"],
  ])("is silent where a live worker of %j takes it", async (queues, queue) => {
    await using site = await withWorker(queues);
    expect(await site.folder.tqWith(WORKER, ...PUSH, queue)).toMatchObject({ code: 0, stderr: "" });
  });

  test("is silent where no worker lives, unless it waits", async () => {
    await using folder = new Folder();
    await folder.store().close();
    expect(await folder.tqWith(WORKER, ...PUSH, "prnit")).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("the status", () => {
  test("says which queues no live worker takes, and exits with 1", async () => {
    await using site = await withWorker(["print"]);
    await site.store.push([newTask({ queue: "print" })]);
    expect((await site.folder.tqWith(WORKER, "status")).code).toBe(0);
    await site.store.push([newTask({ queue: "prnit" }), newTask({ queue: "prnit" })]);
    const { code, stdout } = await site.folder.tqWith(WORKER, "status");
    expect(code).toBe(1);
    expect(stdout).toEndWith(
      '\n1 problem\n  2 tasks wait, and no live worker takes tasks of the queue "prnit"; one takes "print": is one of the two names misspelt? Start a worker with --queue prnit, or move them with tq move\n',
    );
  });

  test("marks them in the table, and in the JSON of the status and the list", async () => {
    await using site = await withWorker(["print"]);
    await site.store.push([newTask({ queue: "print" })]);
    expect((await site.folder.tqWith(WORKER, "status")).stdout).not.toContain("served");
    await site.store.push([newTask({ queue: "prnit" })]);
    const { stdout } = await site.folder.tqWith(WORKER, "status");
    expect(stdout).toMatch(/^queue .* failed {2}served\nprint .* yes\nprnit .* no$/m);
    const json = async (command: string) =>
      JSON.parse((await site.folder.tqWith(WORKER, command, "--json")).stdout) as unknown;
    const served = [
      { queue: "print", served: true },
      { queue: "prnit", served: false },
    ];
    expect(await json("status")).toMatchObject({ queues: served });
    expect(await json("list")).toMatchObject(served.toReversed());
  });

  test("names ten such queues, and counts the rest", async () => {
    await using site = await withWorker(["print"]);
    await site.store.push(Array.from({ length: 25 }, (_, n) => newTask({ queue: `shop-${n}` })));
    const { stdout } = await site.folder.tqWith(WORKER, "status", "--json");
    const { problems } = JSON.parse(stdout) as { problems: string[] };
    expect(problems).toHaveLength(11);
    expect(problems.at(-1)).toBe("15 more queues have tasks that no live worker takes");
  });

  test("takes a program that runs its own tasks for no worker", async () => {
    await using site = await withWorker([], 0);
    await site.store.push([newTask()]);
    const { code, stdout } = await site.folder.tqWith(WORKER, "status");
    expect(code).toBe(1);
    expect(stdout).toContain("No worker is running: tasks wait until one is");
    expect((await site.folder.tq("list")).stderr).toContain("1 task waits for tq worker");
    const waiting = site.folder.start([...PUSH, "default", "--wait"], WORKER.env);
    const said = await waiting.stderr.getReader().read();
    expect(new TextDecoder().decode(said.value)).toContain("Waiting, but no worker is running");
    await site.store.cancel(2);
    await waiting.exited;
  });
});
