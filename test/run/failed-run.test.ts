/** Runs that fail or are lost, and what is kept of them. */
import { afterEach, expect, test } from "bun:test";
import { currentTask, Model, type Queue, Transaction } from "../../src/index.ts";
import { makeRuntime } from "../model/support.ts";
import { makeParts, Part, seen } from "./part.ts";

afterEach(() => void (seen.length = 0));

test("a run whose claim was lost commits nothing, and may not commit in the middle", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  class Lost extends Model {
    declare static readonly __queue__: Queue<typeof Lost>;
    static override readonly __name__ = "lost";
    static async process(_records: Lost[], middle: boolean) {
      const [part] = await Part.browse([1]);
      await tq.store.cancel(currentTask()?.id ?? 0);
      await part?.use();
      if (middle) await Transaction.current.commit();
    }
  }
  for (const middle of [false, true]) {
    const [id = 0] = await Lost.__queue__.process([1], middle);
    expect((await tq.runTask(id)).state).toBe("cancelled");
  }
  expect(tq.sql("SELECT used FROM part")).toEqual([{ used: null }]);
  expect(tq.eventsOf("task.late").map(({ outcome }) => outcome)).toEqual(["finished", "failed"]);
});

test("a run whose claim was lost gives back the claims behind it", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  class Cancelled extends Model {
    declare static readonly __queue__: Queue<typeof Cancelled>;
    static override readonly __name__ = "cancelled";
    static async process(_records: Cancelled[]) {
      await tq.store.cancel(currentTask()?.id ?? 0);
    }
  }
  const [id = 0] = await Cancelled.__queue__.process([1]);
  const [behind = 0] = await Part.__queue__.fails([1], "later");
  expect((await tq.runTask(id, [behind])).state).toBe("cancelled");
  expect(await tq.getTask(behind)).toMatchObject({ state: "ready", attempts: 0 });
});

test.each<[unknown, string]>([
  ["text", 'Error: "text" was thrown'],
  [null, "Error: null was thrown"],
  [7, "Error: 7 was thrown"],
])("throwing %p fails the task", async (what, reason) => {
  await using tq = makeRuntime();
  await makeParts(1);
  const [id = 0] = await Part.__queue__.fails([1], what);
  expect(await tq.runTask(id)).toMatchObject({ state: "failed", reason });
});

test("a model or a method that does not exist fails the task, with what is near", async () => {
  await using tq = makeRuntime();
  tq.registry.add(Part, null);
  const insert = (model: string, method: string) =>
    tq.sql("INSERT INTO tq_push (model, method, instances) VALUES (?, ?, '[1]')", model, method);
  for (const [model, method] of [
    ["parts", "list"],
    ["nothing.like.it", "list"],
    ["part", "lists"],
    ["part", "constructor"],
    ["part", "__proto__"],
    ["part", "toString"],
    ["part", "browse"],
    ["part", "save"],
  ]) {
    insert(model ?? "", method ?? "");
  }
  const ended = await tq.runAll();
  expect(ended.map(({ reason }) => reason?.replace("TqError: Cannot run task ", ""))).toEqual(
    [
      '1: there is no model "parts" here; did you mean "part"?',
      '2: there is no model "nothing.like.it" here; the models here are part',
      '3, part.lists: the model part has no method "lists"; did you mean "list"?',
      '4, part.constructor: the model part has no method "constructor"',
      '5, part.__proto__: the model part has no method "__proto__"',
      '6, part.toString: the model part has no method "toString"',
      '7, part.browse: the model part has no method "browse"',
      '8, part.save: the model part has no method "save"',
    ].map(
      (sentence) =>
        `${sentence} (if it is new, have the worker load it: SIGHUP, or start it again)`,
    ),
  );
  expect(ended.every(({ state }) => state === "failed")).toBe(true);
});

test.each<[string, string, string]>([
  ["instances", "[1,", "its instances cannot be read: instances: text of 3 characters is not JSON"],
  ["instances", '["1"]', "its instances must be an id or a list of ids"],
  ["instances", "{}", "its instances must be an id or a list of ids"],
  ["args", "not json", "its args cannot be read: args: text of 8 characters is not JSON"],
  ["args", "{}", "its args must be a list"],
  ["args", '[{"__class__":"date","year":2024}]', "its args cannot be read: args[0]"],
  ["context", "[", "its context cannot be read"],
  ["context", "[]", "its context must be an object"],
  ["context", "7", "its context must be an object"],
])(
  "a row whose %s somebody damaged fails with the reason, and the next one runs: %p",
  async (column, text, sentence) => {
    await using tq = makeRuntime();
    await makeParts(1);
    await Part.__queue__.list([1]);
    await Part.__queue__.list([1]);
    tq.sql(`UPDATE tq__task SET ${column} = ? WHERE id = 1`, text);
    const [damaged, next] = await tq.runAll();
    expect(damaged?.state).toBe("failed");
    expect(damaged?.reason).toContain(`Cannot run task 1: ${sentence}`);
    expect(next?.state).toBe("finished");
    expect(seen).toHaveLength(1);
  },
);

test("a record that others change meanwhile makes the task run again, holding the lock", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  let runs = 0;
  class Racer extends Model {
    declare static readonly __queue__: Queue<typeof Racer>;
    static override readonly __name__ = "racer";
    static async process(_records: Racer[]) {
      runs += 1;
      const [part] = await Part.browse([1]);
      if (runs === 1) tq.sql("UPDATE part SET name = 'changed' WHERE id = 1");
      if (part) part.name += "!";
      await part?.save();
    }
  }
  const [id = 0] = await Racer.__queue__.process([1]);
  expect(await tq.runTask(id)).toMatchObject({ state: "finished", attempts: 1 });
  expect(runs).toBe(2);
  expect(tq.sql("SELECT name FROM part")).toEqual([{ name: "changed!" }]);
});

test("a push that nobody awaits and that fails makes its task fail, with nothing kept", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  class Careless extends Model {
    declare static readonly __queue__: Queue<typeof Careless>;
    static override readonly __name__ = "careless";
    static async process(_records: Careless[]) {
      await Part.create([{ name: "half" }]);
      void Part.__queue__.list([1], Number.NaN);
    }
  }
  const [id = 0] = await Careless.__queue__.process([1]);
  expect(await tq.runTask(id)).toMatchObject({
    state: "failed",
    reason: "TqError: args[0]: NaN is not JSON",
  });
  expect(tq.sql("SELECT count(*) AS n FROM part")).toEqual([{ n: 1 }]);
});
