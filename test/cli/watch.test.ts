/** `tq watch` and `tq why`: their answers, their exit status, and Ctrl-C. */
import { expect, test } from "bun:test";
import { claimFirst, OWNER, pushOne } from "../support/store.ts";
import { Folder } from "./tq.ts";

test("tq watch of an ended task says its end, and exits as tq push --wait does", async () => {
  await using folder = new Folder();
  const store = folder.store();
  const finished = await pushOne(store);
  const task = await claimFirst(store);
  await store.write((session) =>
    session.settle(task, { kind: "finished", result: "7", reason: null }),
  );
  const cancelled = await pushOne(store);
  await store.cancel(cancelled, "no more");
  await store.close();
  expect(await folder.tq("watch", String(finished))).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^.{19} task 1 has finished after \d+ ms\n$/),
    stderr: "",
  });
  expect(await folder.tq("watch", String(cancelled))).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^.{19} task 2 was cancelled: no more\n$/),
  });
  expect(await folder.tq("watch", "9")).toEqual({
    code: 3,
    stdout: "",
    stderr: "tq: Cannot watch task 9: there is no such task; it may have been cleaned\n",
  });
});

const PUSH = "push sale process 7 --wait";

test.each([
  ["SIGINT", 130, "watch 1", "stdout", "is ready", "Stopped looking: task 1 goes on"],
  ["SIGTERM", 143, "watch 1", "stdout", "is ready", "Stopped looking: task 1 goes on"],
  ["SIGTERM", 143, PUSH, "stderr", "Waiting", "Stopped waiting: task 1 goes on"],
  ["SIGHUP", 129, PUSH, "stderr", "Waiting", "Stopped waiting: task 1 goes on"],
] as const)("%s ends, with exit %d, tq %s, and not the task", async (...given) => {
  const [signal, status, line, stream, first, sentence] = given;
  const args = line.split(" ");
  await using folder = new Folder();
  const store = folder.store();
  if (args[0] === "watch") await pushOne(store);
  const looking = folder.start(args, { TQ_QUEUE__WORKER: "1" });
  const said = { stdout: "", stderr: "" };
  let isAsked = false;
  const gather = async (from: "stdout" | "stderr") => {
    const decoder = new TextDecoder();
    for await (const part of looking[from]) {
      said[from] += decoder.decode(part, { stream: true });
      if (from !== stream || isAsked || !said[from].includes(first)) continue;
      isAsked = true;
      looking.kill(signal);
    }
  };
  const all = Promise.all([gather("stdout"), gather("stderr")]);
  expect(await looking.exited).toBe(status);
  await all;
  expect(said.stderr).toContain(`tq: ${sentence}, and tq watch 1 follows it again\n`);
  expect((await store.get(1))?.state).toBe("ready");
  await store.close();
});

test("tq why says what keeps a task, as text, as JSON and by its ref", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await store.register({ id: "w-1", pid: process.pid, threads: 1, queues: ["print"] });
  await pushOne(store, { queue: "prnit", ref: "order-7" });
  const worker = { env: { TQ_QUEUE__WORKER: "1" } };
  const sentence =
    'Task 1 waits: no live worker takes tasks of the queue "prnit"; one takes "print": is one of the two names misspelt?';
  expect(await folder.tqWith(worker, "why", "1")).toEqual({
    code: 0,
    stdout: `${sentence}\nTo start a worker for it: tq worker --queue prnit\n`,
    stderr: "",
  });
  const { stdout } = await folder.tqWith(worker, "why", "--ref", "order-7", "--json");
  expect(JSON.parse(stdout)).toEqual({
    id: 1,
    state: "ready",
    queue: "prnit",
    cause: "unserved",
    sentence,
    purpose: "start a worker for it",
    command: "tq worker --queue prnit",
  });
  expect(await folder.tq("why", "9")).toMatchObject({
    code: 3,
    stderr: "tq: Cannot explain task 9: there is no such task; it may have been cleaned\n",
  });
  expect((await folder.tq("why")).code).toBe(2);
  await store.unregister("w-1");
  await store.close();
});

test("tq why says how many attempts there are where the models know, and goes without where they do not load", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await pushOne(store);
  const task = await claimFirst(store, { owner: OWNER });
  const error = { name: "Error", message: "off", stack: null };
  await store.write((session) => session.settle(task, { kind: "retry", delay: 60_000, error }));
  await store.close();
  const worker = { env: { TQ_QUEUE__WORKER: "1", TQ_MODELS: "models.ts" } };
  folder.write(
    "models.ts",
    `import { Model } from "tq";
     export class Sale extends Model { static __name__ = "sale"; static tasks = { process: { attempts: 5 } }; process() {} }`,
  );
  const said = async () => (await folder.tqWith(worker, "why", "1")).stdout;
  expect(await said()).toMatch(
    /^Task 1 waits for attempt 2 of 5, in [\d.]+ \S+, after "Error: off"/,
  );
  folder.write("models.ts", "this is no program");
  expect(await said()).toMatch(/^Task 1 waits for attempt 2, in/);
});
