/** Which methods a queue has, and which it refuses. */
import { expect, test } from "bun:test";
import { Model } from "../../src/index.ts";
import { errorOf, makeRuntime, sentenceOf } from "../model/support.ts";
import { call, queue, Sale, Special, Stored } from "./sale.ts";

test("the method's name may be computed, and methods of the user's base classes count", async () => {
  await using tq = makeRuntime();
  for (const name of ["process", "confirm", "inherited", "inheritedToo", "helper"]) {
    await Sale.__queue__[name as "process"]([1]);
  }
  expect((await tq.tasks()).map(({ method }) => method)).toEqual([
    "process",
    "confirm",
    "inherited",
    "inheritedToo",
    "helper",
  ]);
});

test("a method that does not exist is refused at the push, with the near one", async () => {
  await using tq = makeRuntime();
  const error = await errorOf(() => call("proces", [1]));
  expect(error.message).toBe(
    'Cannot push sale.proces: the model sale has no method "proces"; did you mean "process"?',
  );
  expect(error.code).toBe("not_found");
  expect(await tq.tasks()).toEqual([]);
});

test("a method that was taken away or replaced meanwhile is looked for again", async () => {
  await using tq = makeRuntime();
  class Base extends Model {
    static override readonly __name__ = "changing";
    static go() {}
  }
  class Changing extends Base {
    static override go() {}
    stop() {}
  }
  const push = (name: string) => Changing.__queue__[name]?.([1]);
  await push("go");
  await push("stop");
  Reflect.deleteProperty(Changing.prototype, "stop");
  expect(await sentenceOf(() => push("stop"))).toContain('has no method "stop"');
  Reflect.deleteProperty(Changing, "go");
  await push("go"); // that of the base
  Object.assign(Changing, { go: 7 });
  await push("go"); // what is no method hides none
  Reflect.deleteProperty(Base, "go");
  expect(await sentenceOf(() => push("go"))).toContain('has no method "go"');
  Object.assign(Changing, { go() {} });
  await push("go");
  expect((await tq.tasks()).map(({ method }) => method)).toEqual(["go", "stop", "go", "go", "go"]);
});

test("a method that no text can name is none", async () => {
  await using tq = makeRuntime();
  class Odd extends Model {
    static override readonly __name__ = "odd";
    static "\ud800"() {}
  }
  expect(await sentenceOf(() => Odd.__queue__["\ud800"]?.([1]))).toContain(
    'the model odd has no method "\\ud800"',
  );
  expect(await tq.tasks()).toEqual([]);
});

test.each(
  `constructor __proto__ prototype toString hasOwnProperty valueOf
   browse search create save delete lock __queue__ __name__
   id total label Line name length call $$typeof`.split(/\s+/),
)("%p is no method of a model", async (name) => {
  await using tq = makeRuntime();
  for (const model of [Sale, Stored]) {
    const push = (model.__queue__ as Record<string, (ids: unknown) => unknown>)[name];
    const error = await errorOf(() => push?.([1]));
    expect(error.message).toContain(`has no method ${JSON.stringify(name)}`);
  }
  expect(await tq.tasks()).toEqual([]);
});

test("a method that is added after a push of it was refused is found", async () => {
  await using tq = makeRuntime();
  class Late extends Model {
    static override readonly __name__ = "late";
  }
  const push = () => (Late.__queue__ as Record<string, (ids: unknown) => unknown>)["come"]?.(1);
  expect((await errorOf(push)).code).toBe("not_found");
  Object.assign(Late, { come() {} });
  expect(await push()).toBe(1);
  expect(await push()).toBe(2);
  expect(await tq.tasks()).toHaveLength(2);
});

test("a class has one queue, and a class that extends it another", async () => {
  await using tq = makeRuntime();
  expect(Stored.__queue__).toBe(Stored.__queue__);
  expect(Special.__queue__).not.toBe(Stored.__queue__);
  const pushProcess = async (model: typeof Stored) =>
    (model.__queue__ as Record<string, (ids: unknown) => unknown>)["process"]?.(1);
  for (const model of [Stored, Special, Stored]) await pushProcess(model);
  const models = (await tq.tasks()).map(({ model }) => model);
  expect(models).toEqual(["stored", "stored.special", "stored"]);
});

test("a queue is no promise and writes no task when it is looked at", async () => {
  await using tq = makeRuntime();
  expect("then" in queue).toBe(false);
  expect(queue["then"]).toBeUndefined();
  expect(await Promise.resolve(queue)).toBe(queue);
  expect(JSON.stringify({ queue })).toBe('{"queue":{}}');
  expect(Bun.inspect(queue)).toBeString();
  expect(await tq.tasks()).toEqual([]);
});

test("a model without a name says so", async () => {
  await using _tq = makeRuntime();
  class Nameless extends Model {
    static async process() {}
  }
  expect(await sentenceOf(() => Nameless.__queue__["process"]?.([1]))).toContain(
    "a name has lower-case letters",
  );
});
