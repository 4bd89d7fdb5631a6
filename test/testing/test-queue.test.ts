/** `tq/testing`: a queue of one test. */
import { beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Decimal, push, ResultNotKeptError, tasks, Transaction } from "tq";
import { testQueue } from "tq/testing";
import { runtime } from "../../src/transaction/runtime.ts";
import { errorOf, sentenceOf } from "../support/error.ts";
import { gate, greet, Loop, PaymentError, Sale } from "./models.ts";

beforeEach(() => void (gate.open = true));

const makeSale = () =>
  Transaction.start({}, async () => {
    const [sale] = await Sale.create([{}]);
    if (!sale) throw new Error("no sale");
    return sale;
  });

test("a pushed task waits until the test drains the queue, and then its changes are there", async () => {
  await using queue = await testQueue({ models: [Sale] });
  const sale = await makeSale();
  await Sale.__queue__.confirm([sale], new Decimal("1.50"));
  const pushed = await queue.pushed(Sale, "confirm");
  expect(pushed).toMatchObject([{ instances: [sale.id], args: [new Decimal("1.50")] }]);
  const runs = await queue.drain();
  expect(runs.map(({ call, outcome }) => [call, outcome])).toEqual([
    ["testing.sale.confirm", "finished"],
    ["testing.sale.pay", "finished"],
  ]);
  expect(runs[0]?.result).toEqual(new Decimal("3.00"));
  expect(runs[1]?.log).toMatchObject([{ level: "info", text: `pays ${sale.id}` }]);
  expect(await queue.pushed()).toEqual([]);
  const state = await Transaction.start({}, async () => (await Sale.browse([sale.id]))[0]?.state);
  expect(state).toBe("confirmed");
});

test("a drain tells of a failed run, and the clock makes its retry due", async () => {
  await using queue = await testQueue();
  gate.open = false;
  const id = await Sale.__queue__.pay(await makeSale());
  const [failed] = await queue.drain();
  expect(failed).toMatchObject({ id, attempt: 1, outcome: "failed", task: { state: "scheduled" } });
  expect(failed?.error).toBeInstanceOf(PaymentError);
  gate.open = true;
  queue.clock.advance("1m");
  expect(await queue.drain()).toEqual([]);
  queue.clock.advance("1h");
  expect(await queue.drain()).toMatchObject([
    { id, attempt: 2, outcome: "finished", result: "paid" },
  ]);
});

test("a drain of scheduled tasks moves the clock through all retries", async () => {
  await using queue = await testQueue({ now: "2026-12-01T07:00Z" });
  gate.open = false;
  await Sale.__queue__.pay(await makeSale());
  const runs = await queue.drain({ scheduled: true });
  expect(runs.map(({ outcome, task }) => [outcome, task.state])).toEqual([
    ["failed", "scheduled"],
    ["failed", "scheduled"],
    ["failed", "failed"],
  ]);
  expect(queue.clock.now()).toBeGreaterThan(Date.parse("2026-12-01T07:15Z"));
});

test("a drain that throws ends with what the method has thrown, and leaves the other tasks", async () => {
  await using queue = await testQueue();
  gate.open = false;
  const sale = await makeSale();
  await Sale.__queue__.pay([sale]);
  await greet.push("ada");
  expect(await errorOf(() => queue.drain({ throws: true }))).toBeInstanceOf(PaymentError);
  expect(await queue.pushed(greet, { args: ["ada"] })).toHaveLength(1);
  expect(await queue.pushed(greet, { args: ["bob"] })).toEqual([]);
});

test("one task runs now whatever its time, and throws its own error", async () => {
  await using other = await testQueue({ models: { greet, other: 1 } });
  const handle = await greet.push.with({ scheduledAt: "1d" })("ada", true);
  expect(await other.runNow(handle)).toMatchObject({ outcome: "finished", result: "ADA" });
  gate.open = false;
  const pay = await Sale.__queue__.pay(await makeSale());
  expect(await errorOf(() => other.runNow(pay))).toBeInstanceOf(PaymentError);
  expect(await sentenceOf(() => other.runNow(handle))).toContain("it is finished already");
  expect(await sentenceOf(() => other.runNow(99))).toContain("there is no such task");
});

test("a task of a model that is not there fails, and its run has the error", async () => {
  await using queue = await testQueue();
  await push({ model: "gone", method: "process", instances: [1] });
  const [run] = await queue.drain();
  expect(run).toMatchObject({ outcome: "failed", call: "gone.process" });
  expect(String(run?.error)).toContain('there is no model "gone"');
});

test("a snooze and a cancelled task do not throw", async () => {
  await using queue = await testQueue();
  const id = await Loop.__queue__.later(new Loop(1));
  expect(await queue.runNow(id)).toMatchObject({ outcome: "snoozed" });
  expect(await queue.pushed()).toEqual([]); // it has run
  expect(await queue.clear()).toBe(1);
  expect((await tasks.get(id))?.state).toBe("cancelled");
});

test("a drain ends with a sentence where a task pushes itself for ever", async () => {
  await using queue = await testQueue();
  await Loop.__queue__.again(new Loop(1));
  expect(await sentenceOf(() => queue.drain({ limit: 20 }))).toContain(
    "Cannot drain the test queue: 20 tasks have run and more are due, the last was task 20 (testing.loop.again)",
  );
  expect(await queue.pushed(Loop, "again")).toHaveLength(1);
});

test("what a function pushed is told apart from the set-up, and without what it pushes in turn", async () => {
  await using queue = await testQueue();
  await greet.push("set-up");
  const pushed = await queue.pushedBy(() => greet.push("ada"));
  expect(pushed.map(({ args }) => args)).toEqual([["ada"]]);
});

test("two queues see nothing of each other, and a closed one leaves nothing behind", async () => {
  const first = await testQueue();
  await greet.push("first");
  const second = await testQueue();
  await greet.push("second");
  expect(await first.pushed(greet)).toMatchObject([{ id: 1, args: ["first"] }]);
  expect(await second.pushed(greet)).toMatchObject([{ id: 1, args: ["second"] }]);
  const folder = dirname(runtime().store.name);
  await second.close();
  expect(existsSync(folder)).toBeFalse();
  await greet.push("first again");
  expect(await first.drain()).toHaveLength(2);
  await first.close();
  await first.close();
  expect(await sentenceOf(() => first.drain())).toContain("it is closed");
});

test("queues that no test has closed are removed at the end of the process", () => {
  const program = `
    import { testQueue } from ${JSON.stringify(join(import.meta.dir, "../../src/testing/index.ts"))};
    import { runtime } from ${JSON.stringify(join(import.meta.dir, "../../src/transaction/runtime.ts"))};
    for (let count = 0; count < 12; count++) {
      await testQueue();
      console.log(runtime().store.name);
    }`;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", program]);
  const paths = stdout.toString().trim().split("\n");
  expect(paths).toHaveLength(12);
  expect(paths.filter((path) => existsSync(dirname(path)))).toEqual([]);
  expect(stderr.toString()).toBe("");
});

test("settings of the test count, and those of the project do not", async () => {
  await using _queue = await testQueue({
    settings: { tasks: { "testing.sale.pay": { attempts: 1 } }, queue: { batch_size: 2 } },
  });
  gate.open = false;
  await Sale.__queue__.pay(await makeSale());
  expect(await _queue.drain()).toMatchObject([{ task: { state: "failed" } }]);
});

test("a misspelt method in the settings is refused where the models are known", async () => {
  const settings = { tasks: { "testing.sale.pya": { attempts: 1 } } };
  expect(await sentenceOf(() => testQueue({ models: [Sale], settings }))).toBe(
    'Cannot make a test queue: [tasks."testing.sale.pya"] of the settings is of no use: no method has that name; did you mean "testing.sale.pay"?',
  );
  await using _queue = await testQueue({ settings });
});

test("a task whose model the queue does not have says how to give it", async () => {
  await using queue = await testQueue();
  await push({ model: "testing.elsewhere", args: [] });
  const sentence = await sentenceOf(() => queue.drain({ throws: true }));
  expect(sentence).toEndWith("(give it to the test queue: testQueue({ models: [ … ] }))");
});

test("the models of a file are loaded by its path", async () => {
  await using queue = await testQueue({ models: join(import.meta.dir, "models.ts") });
  await push({ model: "testing.greet", args: ["ada"] });
  expect(await queue.drain()).toMatchObject([{ outcome: "finished", result: "ada" }]);
});

test("a queue is not drained inside a task or a transaction", async () => {
  await using queue = await testQueue();
  const inside = Transaction.start({}, () => sentenceOf(() => queue.drain()));
  expect(await inside).toContain("a transaction is open here");
});

test.each([
  [{ model: [] }, 'model is not an option; did you mean "models"?'],
  [{ models: 7 }, "models cannot be 7"],
  [{ models: [7] }, "7 among the models is no model"],
  [{ now: "tomorrow" }, 'now cannot be "tomorrow"'],
  [{ settings: 7 }, "settings cannot be 7"],
  [{ settings: { queue: { batch: 1 } } }, "[queue] batch is not a setting"],
])("a test queue refuses the options %p", async (options, sentence) => {
  expect(await sentenceOf(() => testQueue(options as object))).toContain(sentence);
});

test("the clock refuses what is no time, and a way back without a word", async () => {
  await using queue = await testQueue();
  const { clock } = queue;
  const now = clock.now();
  for (const wrong of ["soon", 7, Number.NaN, "-1h", null]) {
    expect(() => clock.advance(wrong as "1h")).toThrow("Cannot advance the clock");
  }
  expect(() => clock.set("soon")).toThrow("Cannot set the clock");
  expect(clock.now()).toBe(now);
});

test("the clock moves the timeout of a wait for a task", async () => {
  await using queue = await testQueue();
  const handle = await greet.push.with({})("ada");
  const waiting = errorOf(() => handle.result({ timeout: "1h" }));
  queue.clock.advance("59m");
  queue.clock.advance("1m");
  expect((await waiting).message).toContain("did not end within 1 h");
});

test("reading a result that JSON cannot carry throws, and the run says that its task has finished", async () => {
  await using queue = await testQueue({ models: [Sale] });
  const run = await queue.runNow(await Sale.__queue__.itself(await makeSale()));
  expect(run).toMatchObject({
    outcome: "finished",
    error: undefined,
    task: {
      reason: "its result is not kept: a record of testing.sale is not JSON; give its id",
    },
  });
  expect(() => run.result).toThrow(ResultNotKeptError);
  expect({ ...run }).not.toHaveProperty("result");
});
