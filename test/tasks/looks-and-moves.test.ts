/** `tasks`: looking at tasks, and cancelling and retrying them, alone and in transactions. */
import { expect, test } from "bun:test";
import { push, tasks, Transaction } from "../../src/index.ts";
import { errorOf, makeRuntime, sentenceOf } from "../model/support.ts";
import { Clerk, clerk, fails, pushed, ran } from "./clerk.ts";

test("tasks are found by id, by ref and by filter, and their history by id", async () => {
  await using tq = makeRuntime();
  const failed = await ran(tq, fails(new Error("off")));
  const { id } = await Clerk.__queue__.work.with({ ref: "order-7", queue: "mail" })(1);
  expect(await tasks.get(id)).toMatchObject({ id, state: "ready", ref: "order-7" });
  expect(await tasks.get(99)).toBeNull();
  expect(await tasks.getByRef("order-7")).toMatchObject({ id });
  expect(await tasks.getByRef("order-8")).toBeNull();
  const listed = async (filter?: Parameters<typeof tasks.list>[0]) =>
    (await tasks.list(filter)).map((task) => task.id);
  expect(await listed()).toEqual([id, failed]);
  expect(await listed({ states: ["failed"], model: "clerk" })).toEqual([failed]);
  expect(await listed({ queue: "mail", ref: "order-7" })).toEqual([id]);
  expect(await listed({ before: id, limit: 1 })).toEqual([failed]);
  expect(await tasks.attempts(failed)).toMatchObject([{ outcome: "failed", message: "off" }]);
  expect(await tasks.errors(failed)).toMatchObject([{ message: "off", count: 1 }]);
});

test("why says what tq why says of a task, and null of none", async () => {
  await using tq = makeRuntime();
  clerk.does = fails(new Error("off"));
  const { id } = await Clerk.__queue__.patient.with({ queue: "mail" })(1);
  expect(await tasks.why(id)).toMatchObject({ cause: "no_worker" });
  await tasks.pause({ queue: "mail" }, { by: "ana", reason: "toner" });
  expect(await tasks.why(id)).toMatchObject({
    cause: "paused",
    sentence: expect.stringMatching(
      /^Task 1 waits: its queue mail is paused by ana since \S+: toner/,
    ),
    command: "tq resume mail",
  });
  await tasks.resume({ queue: "mail" });
  await tq.runTask(id);
  const why = await tasks.why(id);
  expect(why?.sentence).toMatch(/waits for attempt 2 of \d+, in .*, after .*off/);
  expect(await tasks.why(99)).toBeNull();
});

test.each([
  [{ state: ["failed"] }, 'state is not part of a filter; did you mean "states"?'],
  [{ states: "failed" }, 'states cannot be "failed": it must be a list of states'],
  [{ states: ["faild"] }, 'states cannot be "faild": it must be one of scheduled, ready'],
  [{ queue: "" }, 'queue cannot be "": it must be the name of a queue'],
  [{ limit: 0 }, "limit cannot be 0: it must be a whole number from 1 up"],
  [{ before: "7" }, 'before cannot be "7": it must be the id of a task'],
  ["failed", '"failed" is no filter; give an object like { states: ["failed"] }'],
])("the filter %p is refused", async (filter, sentence) => {
  await using _tq = makeRuntime();
  const error = await errorOf(tasks.list(filter as object));
  expect(error.message).toContain(`Cannot list tasks: ${sentence}`);
  expect(error.code).toBe("invalid");
});

test("an id, a ref or a reason of another kind is refused, and what the state does not allow", async () => {
  await using tq = makeRuntime();
  const of = tasks as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  expect(await sentenceOf(() => of["get"]?.("1"))).toContain(
    "Cannot show a task: its id cannot be",
  );
  expect(await sentenceOf(() => of["getByRef"]?.(1))).toContain("its ref cannot be 1");
  expect(await sentenceOf(() => of["cancel"]?.(1, 7))).toContain("reason cannot be 7");
  expect((await errorOf(tasks.cancel(9))).code).toBe("not_found");
  const id = await pushed();
  expect(await sentenceOf(() => tasks.retry(id))).toContain("Cannot retry task 1: it is ready");
  await tq.runTask(id);
  expect((await errorOf(tasks.cancel(id))).code).toBe("conflict");
});

test("a transaction cancels and retries with its commit, and not without", async () => {
  await using tq = makeRuntime();
  const ready = await pushed();
  const ended = await ran(tq);
  const move = async () => {
    expect((await tasks.cancel(ready, "paid")).state).toBe("cancelled");
    expect((await tasks.retry(ended)).state).toBe("ready");
    expect((await tasks.get(ready))?.state).toBe("ready"); // a look shows what is committed
  };
  await errorOf(
    Transaction.start({}, async () => {
      await move();
      throw new Error("no");
    }),
  );
  expect([(await tq.getTask(ready)).state, (await tq.getTask(ended)).state]).toEqual([
    "ready",
    "finished",
  ]);
  await Transaction.start({}, move);
  expect(await tq.getTask(ready)).toMatchObject({ state: "cancelled", reason: "paid" });
  expect((await tq.getTask(ended)).state).toBe("ready");
});

test("a task moves others with its own commit, and is told how to end itself", async () => {
  await using tq = makeRuntime();
  const other = await pushed();
  await ran(tq, async () => {
    await tasks.cancel(other);
    throw new Error("off");
  });
  expect((await tq.getTask(other)).state).toBe("ready");
  await ran(tq, () => tasks.cancel(other));
  expect((await tq.getTask(other)).state).toBe("cancelled");
  const own = await ran(tq, () => tasks.cancel(4));
  expect((await tq.getTask(own)).reason).toBe(
    'TqError: Cannot cancel task 4 inside itself; throw new Cancel("…") in its method',
  );
});

test("where no worker is configured, a retried task runs before the retry is told", async () => {
  await using tq = makeRuntime({ worker: false });
  clerk.does = fails(new Error("off"));
  const id = await Clerk.__queue__.work(1);
  expect((await tq.getTask(id)).state).toBe("failed");
  clerk.does = () => "on";
  expect((await tasks.retry(id)).state).toBe("finished");
  expect(await tasks.result(id)).toBe("on");
  await Transaction.start({}, () => tasks.retry(id));
  expect((await tq.getTask(id)).attempts).toBe(3);
});

test("a queue and a method are paused and resumed, in a transaction by its commit", async () => {
  await using tq = makeRuntime();
  const { id } = await Clerk.__queue__.work.with({ queue: "mail" })(1);
  const paused = async () => (await tasks.pauses()).map(({ kind, name }) => [kind, name]);
  await Transaction.start({}, async () => {
    await tasks.pause(
      { queue: "mail" },
      { reason: "no line", until: { hours: 1 }, by: "the mailer" },
    );
    expect(await paused()).toEqual([]);
  });
  const [pause] = await tasks.pauses();
  const now = tq.store.now();
  expect(pause).toMatchObject({ name: "mail", by: "the mailer", reason: "no line" });
  expect(pause?.until).toBeWithin(now, now + 3_600_001);
  await tasks.pause({ task: "clerk.*" });
  expect(await paused()).toEqual([
    ["queue", "mail"],
    ["task", "clerk.*"],
  ]);
  await Transaction.start({}, () => tasks.resume({ queue: "mail" }));
  await tasks.resume({ task: "clerk.*" });
  expect(await paused()).toEqual([]);
  expect(await tasks.get(id)).toMatchObject({ state: "ready" });
});

test.each([
  [{}, {}, 'Cannot pause: give either a queue or a task, as { queue: "print" }'],
  [{ queue: "a", task: "b" }, {}, "Cannot pause: give either a queue or a task"],
  [{ queue: "" }, {}, 'Cannot pause: queue cannot be "": it must be the name or pattern of queues'],
  [{ queue: "a\0" }, {}, "without NUL"],
  [{ task: "a.b" }, { until: new Date(0) }, "Cannot pause: until has passed already"],
  [{ task: "a.b" }, { reason: 7 }, "Cannot pause: reason cannot be 7"],
  [{ queue: "a" }, { untill: "1h" }, 'untill is not an option; did you mean "until"?'],
  [{ queue: "a" }, { until: undefined }, "until cannot be undefined: give a time, or leave it out"],
  [{ queue: "a" }, null, "Cannot pause: null is no object, such as { until: … }"],
  [{ queue: "a" }, "1h", 'Cannot pause: "1h" is no object'],
  [{ queue: "a", until: "1h" }, {}, "Cannot pause: until is not an option"],
  ["a", {}, 'Cannot pause: "a" is no object, such as { queue: … }'],
])("a pause of %p with %p is refused", async (what, options, sentence) => {
  await using _tq = makeRuntime();
  const error = await errorOf(tasks.pause(what as { queue: string }, options as object));
  expect([error.code, error.message]).toEqual(["invalid", expect.stringContaining(sentence)]);
  expect(await tasks.pauses()).toEqual([]);
});

test("many tasks are cancelled and retried by a filter, and listed by values inside their calls", async () => {
  await using tq = makeRuntime();
  const first = await pushed();
  const second = await pushed();
  expect(await tasks.cancel({ states: ["ready"], after: first }, "paid")).toBe(1);
  expect(await tasks.get(second)).toMatchObject({ state: "cancelled", reason: "paid" });
  const [task] = await tasks.list({ reasonHas: "PAID", endedAfter: "1h", where: {} });
  expect(task?.id).toBe(second);
  expect(await tasks.list({ where: { "args.none": { has: "x" }, "context.a": 1 } })).toEqual([]);
  expect(await tasks.retry({ states: ["cancelled", "failed"] })).toBe(1);
  expect((await tq.getTask(second)).state).toBe("ready");
});

test.each([
  [{}, 'Cannot cancel tasks: say their states, such as { states: ["failed"] }'],
  [{ states: ["ready"], limit: 1 }, "Cannot cancel tasks: a limit is for lists"],
  [
    { states: ["ready"], where: ["args.a=1"] },
    'where cannot be ["args.a=1"]: it must be an object',
  ],
  [{ states: ["ready"], where: { order: 1 } }, 'a path cannot begin with "order"'],
  [
    { states: ["ready"], where: { "args.a=": 1 } },
    '"args.a=" is no path; write it like args.order',
  ],
  [
    { states: ["ready"], where: { "args.a[0]": 1 } },
    '"args.a[0]" is no path; a place in a list is a part of its own: args.order.0',
  ],
  [{ states: ["ready"], where: { "args.a!": 1 } }, '"args.a!" is no path; the operators are'],
  [
    { states: ["ready"], where: { "args.a": Number.NaN } },
    "it must be text, a number, true, false",
  ],
  [{ states: ["ready"], where: { "args.a": "\0" } }, "it must be text, a number, true, false"],
  [{ states: ["ready"], where: { "args.a": { has: "" } } }, "it must be the text that it contains"],
  [{ states: ["ready"], argsHave: "%".repeat(1_000_000) }, "text of 1 to 1000 characters"],
  [{ states: ["ready"], queue: "a\0" }, "without NUL"],
  [{ states: ["ready"], pushedBefore: 7 }, "pushedBefore: 7 is not a time in ms since 1970 UTC"],
  [{ states: ["ready"], ["x".repeat(1_000_000)]: 7 }, "is not part of a filter"],
])("the cancel of many is refused with a sentence: %#", async (filter, sentence) => {
  await using _tq = makeRuntime();
  const id = await pushed();
  const error = await errorOf(tasks.cancel(filter as object));
  expect(error.code).toBe("invalid");
  expect(error.message).toContain(sentence);
  expect(error.message.length).toBeLessThan(500);
  expect((await tasks.get(id))?.state).toBe("ready");
});

test.each([
  ['say "hi"', String.raw`args."say \"hi\""`],
  ["", 'args.""'],
  ["a\\b", String.raw`args."a\\b"`],
  ["order!", 'args."order!"'],
  ["a[0]", 'args."a[0]"'],
  ["line\nend", String.raw`args."line\nend"`],
  ["ä.ö", String.raw`args."\u00e4.ö"`],
])("a key with any character is asked for in quotes, as JSON: %j", async (key, path) => {
  await using _tq = makeRuntime();
  const call = { model: "clerk", method: "work", instances: 1 };
  const [id] = await push({ ...call, args: [{ [key]: { n: 1 } }] });
  await push({ ...call, args: [{ other: { n: 1 } }] });
  const found = await tasks.list({ where: { [`${path}.n`]: 1 } });
  expect(found.map((task) => task.id as number | undefined)).toEqual([id]);
});

test("a part of a filter that is undefined is refused, as without it the filter would match more", async () => {
  await using tq = makeRuntime();
  const id = await pushed();
  const ended = await ran(tq);
  for (const key of ["queue", "user", "where", "pushedBefore"]) {
    const sentence = `${key} cannot be undefined: give it a value, or leave it out`;
    const filter = { states: ["ready", "finished"], [key]: undefined } as object;
    for (const verb of ["list", "cancel", "retry"] as const) {
      const error = await errorOf(tasks[verb](filter));
      expect([error.code, error.message]).toEqual(["invalid", expect.stringContaining(sentence)]);
    }
  }
  const where = { "args.a": undefined };
  const error = await errorOf(tasks.cancel({ states: ["ready"], where } as object));
  expect(error.message).toContain('where: "args.a" cannot be undefined');
  expect((await tasks.get(id))?.state).toBe("ready");
  expect((await tasks.get(ended))?.state).toBe("finished");
});

test("many tasks are not moved inside a transaction, which would hold the write lock for as long", async () => {
  await using _tq = makeRuntime();
  const error = await errorOf(Transaction.start({}, () => tasks.retry({ states: ["failed"] })));
  expect(error.message).toContain(
    "Cannot retry tasks in a transaction: many tasks are moved in slices",
  );
});

test("many tasks are not retried or cancelled in a state from which none can be", async () => {
  await using _tq = makeRuntime();
  const refusals = [
    [
      tasks.retry({ states: ["failed", "running"] }),
      "retry tasks that are running: finished, failed, cancelled, scheduled",
    ],
    [
      tasks.cancel({ states: ["finished"] }),
      "cancel tasks that are finished: scheduled, ready, running",
    ],
  ] as const;
  for (const [refused, words] of refusals) {
    const { code, message } = await errorOf(refused);
    expect([code, message]).toEqual(["invalid", `Cannot ${words} are the states that it takes`]);
  }
});

test("a pause of a method that a model of the program lacks is warned of in the log, and holds", async () => {
  await using tq = makeRuntime();
  await pushed();
  for (const task of ["clerk.work", "clerk.*", "elsewhere.work"]) await tasks.pause({ task });
  expect(tq.eventsOf("log.note")).toEqual([]);
  await tasks.pause({ task: "clerk.wrok" });
  expect(tq.eventsOf("log.note")).toMatchObject([
    {
      level: "warn",
      message: 'Paused clerk.wrok, and clerk has no such method; did you mean "clerk.work"?',
    },
  ]);
  expect(await tasks.pauses()).toHaveLength(4);
});
