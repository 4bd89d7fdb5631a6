/** A strict task: one that fails where its method does not await what it began. */
import { expect, test } from "bun:test";
import { currentTask, ModelSQL, push, type Queue, task, Transaction, v } from "../../src/index.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { makeRuntime } from "../model/support.ts";

/** What the method of the present test does. */
let doing: () => unknown = () => undefined;

class Sheet extends ModelSQL("sheet", { words: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof Sheet>;
  static readonly tasks = {
    strictly: { strict: true, attempts: 3 },
    strictlyOutside: { strict: true, transaction: false },
    strictlyEach: { strict: true },
  };
  static async strictly(_sheets: Sheet[]) {
    return doing();
  }
  static async strictlyOutside(_sheets: Sheet[]) {
    return doing();
  }
  async strictlyEach() {
    return doing();
  }
  static async loosely(_sheets: Sheet[]) {
    return doing();
  }
  static async other(_sheets: Sheet[]) {}
}

const strictFunction = task("strict_function", { strict: true }, async () => doing());

async function changeFirst() {
  const [first] = await Sheet.search([]);
  if (!first) throw new Error("there is none");
  first.words = 7;
  await first.save();
}

/** @param begun what it has begun, and ends before the rows are counted */
async function outcomeOf(
  method: "strictly" | "strictlyOutside" | "strictlyEach" | "loosely",
  does: () => unknown,
  begun: () => Promise<unknown> = () => Promise.resolve(),
) {
  await using tq = makeRuntime();
  const sheets = await Transaction.start({}, () => Sheet.create([{ words: 0 }]));
  doing = does;
  const [id = 0] = await Sheet.__queue__[method](sheets);
  const { state, reason, attempts } = await tq.runTask(id);
  await begun();
  const rows = tq.sql("SELECT words FROM sheet");
  return { state, reason, attempts, rows, tasks: (await tq.tasks()).length };
}

const FORGOTTEN: Record<string, () => unknown> = {
  "a create": () => void Sheet.create([{}]),
  "a create long before the end": async () => {
    void Sheet.create([{}]);
    await nextTurn();
    await nextTurn();
  },
  "a push": () => void Sheet.__queue__.other([1]),
  "a push with options": () => void Sheet.__queue__.other.with({ priority: 3 })([1]),
  SQL: () => void Transaction.current.sql`SELECT 1`,
  "a search": () => void Sheet.search([]),
  "a function that reads, then writes": () => void changeFirst().catch(() => 0),
  "a loop of functions": () =>
    [1, 2].forEach(
      (words) =>
        void changeFirst().then(
          () => words,
          () => 0,
        ),
    ),
};

for (const [what, does] of Object.entries(FORGOTTEN)) {
  for (const method of ["strictly", "strictlyEach"] as const) {
    test(`a task ${method} fails at once, with the line, where it does not await ${what}`, async () => {
      const { state, reason, attempts, rows, tasks } = await outcomeOf(method, does);
      expect({ state, attempts, rows, tasks }).toEqual({
        state: "failed",
        attempts: 1,
        rows: [{ words: 0 }],
        tasks: 1,
      });
      expect(reason).toMatch(
        /^NotAwaitedError: the method ended without awaiting what it began at \S+strict\.test\.ts:\d+:\d+; write await there/,
      );
    });
  }
}

test("a task that is not strict finishes with what it has not awaited", async () => {
  const done = await outcomeOf("loosely", FORGOTTEN["a create"] ?? (() => undefined));
  expect(done).toMatchObject({ state: "finished", reason: null });
  expect(done.rows).toHaveLength(2);
});

test("a strict task that awaits all finishes, also with operations side by side and a failure that it caught", async () => {
  const done = await outcomeOf("strictly", async () => {
    await Promise.all([Sheet.create([{ words: 1 }]), Sheet.create([{ words: 2 }])]);
    await changeFirst();
    await push({ model: "sheet", method: "other", instances: [1], args: [Number.NaN] }).catch(
      () => 0,
    );
    return Sheet.create([{ words: 3 }]).then(([sheet]) => sheet?.id);
  });
  expect(done).toMatchObject({ state: "finished", reason: null });
  expect(done.rows).toHaveLength(4);
});

test("a strict method outside any transaction must await its transactions, and they what they begin", async () => {
  for (const does of [
    () => void Transaction.start({}, () => Sheet.create([{}])),
    () => void Sheet.__queue__.other([1]),
    () => Transaction.start({}, () => void Sheet.create([{}])),
  ]) {
    expect(await outcomeOf("strictlyOutside", does)).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/^NotAwaitedError: .*strict\.test\.ts:\d+:\d+;/),
    });
  }
  const fine = () => Transaction.start({}, () => Sheet.create([{}]));
  expect(await outcomeOf("strictlyOutside", fine)).toMatchObject({ state: "finished" });
});

test("the reason of a strict method outside any transaction says that what it did not await stays", async () => {
  let pushing: Promise<unknown> = Promise.resolve();
  const forget = () => void (pushing = Sheet.__queue__.other([1]));
  let isPushed = false;
  const pushed = () =>
    pushing.then(
      () => (isPushed = true),
      () => null, // where its transaction comes after the end of the run, it is refused
    );
  const done = await outcomeOf("strictlyOutside", forget, pushed);
  expect(done.tasks).toBe(isPushed ? 2 : 1);
  expect(done.reason).toEndWith(
    "; what they have committed stays, as the method runs outside any transaction",
  );
  const within = () => Transaction.start({}, () => void Sheet.create([{}]));
  const undone = await outcomeOf("strictlyOutside", within);
  expect(undone.rows).toEqual([{ words: 0 }]);
  expect(undone.reason).not.toContain("stays");
});

test("a strict function fails where it does not await a push", async () => {
  await using tq = makeRuntime();
  doing = () => void strictFunction.push();
  const id = await strictFunction.push();
  expect(await tq.runTask(id)).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("without awaiting what it began at "),
  });
});

test("the sentence names five places and counts the others", async () => {
  const does = () => {
    void Sheet.create([{}]);
    void Sheet.create([{}]);
    void Sheet.create([{}]);
    void Sheet.create([{}]);
    void Sheet.create([{}]);
    void Sheet.create([{}]);
    void Sheet.create([{}]);
  };
  const { reason } = await outcomeOf("strictly", does);
  expect(reason?.match(/strict\.test\.ts:/g)).toHaveLength(5);
  expect(reason).toContain(", 2 other places; write await there");
});

test("in a batch the task that does not await fails alone", async () => {
  await using tq = makeRuntime();
  const sheets = await Transaction.start({}, () => Sheet.create([{ words: 0 }]));
  const ids: number[] = [];
  doing = async () => {
    const words = ids.indexOf(currentTask()?.id ?? 0) + 1; // the tasks of a batch that was undone run again
    const created = Sheet.create([{ words }]);
    if (words !== 2) await created;
  };
  for (let count = 0; count < 3; count++) ids.push(...(await Sheet.__queue__.strictly(sheets)));
  const tasks = await tq.runBatch(ids);
  expect(tasks.map(({ state }) => state)).toEqual(["finished", "failed", "finished"]);
  expect(tq.sql("SELECT words FROM sheet")).toEqual([{ words: 0 }, { words: 1 }, { words: 3 }]);
});
