/** A compiled program may carry two copies of tq: its own, and the one its models import. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import * as here from "../../src/index.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { isModelClass } from "../../src/registry/model-class.ts";
import { isTqError } from "../../src/errors.ts";
import { makeFolder } from "../support/folder.ts";
import { errorOf, makeRuntime } from "./support.ts";

const made = makeFolder();
let other: typeof here;

beforeAll(async () => {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "../../src/index.ts")],
    outdir: made.path,
    target: "bun",
    minify: true,
  });
  expect(built.success).toBe(true);
  const path = join(made.path, "index.js");
  await Bun.write(
    join(made.path, "models.ts"),
    `import { Model, ModelSQL, Decimal, Transaction, currentTask, v } from "./index.js";
     export class Far extends ModelSQL("far", { value: v.optional(v.number()), price: v.optional(v.instance(Decimal)) }) {
       static async check(records, price) {
         const [record] = records;
         if (!(price instanceof Decimal)) throw new Error("no Decimal of this copy");
         record.price = record.price.add(price);
         await record.save();
         await this.__queue__.set(records, Transaction.current.user, currentTask().id, price);
         return [record.id, record.price];
       }
       async set(user, task) {
         this.value = user + task;
         await this.save();
       }
     }`,
  );
  other = (await import(path)) as typeof here;
});

afterAll(() => made[Symbol.dispose]());

test("a minified copy keeps the name of each class that it gives", () => {
  const classes = Object.entries(other).filter(
    ([name, value]) => typeof value === "function" && /^[A-Z]/.test(name) && name !== "ModelSQL",
  );
  expect(classes.length).toBeGreaterThan(10);
  for (const [name, value] of classes) expect((value as { name: string }).name).toBe(name);
});

test("a task handle of a minified copy is refused as an argument by its name", async () => {
  await using _tq = makeRuntime();
  const greet = other.task("greet", (_name: unknown) => 1);
  const handle: unknown = await greet.push.with({})("ada");
  const again = greet.push as (value: unknown) => Promise<number>;
  expect((await errorOf(again(handle))).message).toContain("a TaskHandle is not JSON");
});

test("the copies are two", () => {
  expect(other.Transaction).not.toBe(here.Transaction);
  expect(other.Model).not.toBe(here.Model);
});

test("an error of one is instanceof the class of the other, and of no other class", () => {
  const errors: [string, Error, abstract new (...args: never) => Error][] = [
    ["TqError", new other.TqError("invalid", "no"), here.TqError],
    ["UserWarning", new other.UserWarning("name", "no"), here.UserWarning],
    ["UserWarning as UserError", new other.UserWarning("name", "no"), here.UserError],
    ["Retry", new other.Retry(), here.Retry],
    ["Snooze", new other.Snooze("1h"), here.Snooze],
    ["Cancel", new other.Cancel("no"), here.Cancel],
    [
      "TaskFailedError",
      new other.TaskFailedError({ state: "failed" } as never, null),
      here.TaskFailedError,
    ],
    ["TimeoutError", new other.TimeoutError("late", null), here.TimeoutError],
  ];
  class Mine extends here.TqError {}
  for (const [name, error, type] of errors) {
    expect([name, error instanceof type]).toEqual([name, true]);
    expect([name, error instanceof Mine, new Error("no") instanceof type]).toEqual([
      name,
      false,
      false,
    ]);
  }
  expect(new Mine("invalid", "no")).toBeInstanceOf(here.TqError);
  expect(new here.UserError("no") instanceof here.UserWarning).toBe(false);
});

test("a transaction of one is the current one of the other", async () => {
  await using tq = makeRuntime();
  await here.Transaction.start({ user: 4, context: { a: 1 } }, async () => {
    expect(other.Transaction.current.user).toBe(4);
    expect((await errorOf(() => other.Transaction.start({}, () => 1))).message).toContain(
      "Cannot start a transaction inside another",
    );
    await other.Transaction.current.setContext({ b: 2 }, () => {
      expect(here.Transaction.current.context).toEqual({ a: 1, b: 2 });
    });
    await other.push({ model: "x", method: "y", instances: 1 });
  });
  await other.Transaction.start({ user: 5 }, () =>
    here.push({ model: "x", method: "y", instances: 2 }),
  );
  expect(await tq.tasks()).toMatchObject([
    { user: 4, context: { a: 1 }, instances: 1 },
    { user: 5, instances: 2 },
  ]);
});

test("models of one are loaded and run by the other, in either mode", async () => {
  for (const worker of [true, false]) {
    await using tq = makeRuntime({ worker });
    const models = await loadModels(join(made.path, "models.ts"));
    tq.registry.addAll(models);
    expect(models.catalog()).toEqual({ far: ["check", "set"] } as never);
    const Far = models.get("far") as unknown as FarModel;
    expect(isModelClass(Far)).toBe(true);
    await here.Transaction.start({ user: 7 }, async () => {
      const records = await Far.create([{ price: new other.Decimal("1.50") }]);
      await Far.__queue__.check(records, new other.Decimal("2.50"));
    });
    if (worker) await tq.runAll();
    expect((await tq.tasks()).map(({ state, reason, result }) => [state, reason, result])).toEqual([
      ["finished", null, [1, { __class__: "Decimal", decimal: "4.00" }]],
      ["finished", null, null],
    ]);
    const [far] = await here.Transaction.start({}, () => Far.browse([1]));
    expect(far?.price).toBeInstanceOf(here.Decimal);
    expect(far?.price).toBeInstanceOf(other.Decimal);
    expect(tq.sql("SELECT value FROM far")).toEqual([{ value: 8 }]);
  }
});

interface FarModel {
  create(values: readonly object[]): Promise<object[]>;
  browse(ids: readonly number[]): Promise<{ price: unknown }[]>;
  readonly __queue__: { check(records: object[], price: unknown): Promise<number[]> };
}

test("errors of one are known to the other", async () => {
  await using _tq = makeRuntime();
  const error = await errorOf(() => other.Transaction.current);
  expect(error).toBeInstanceOf(here.TqError);
  expect(isTqError(error)).toBe(true);
});
