/** A program without a worker: what its tasks leave running, its runtimes and its models. */
import { afterEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { currentTask, Model, ModelSQL, Transaction, v } from "../../src/index.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { Registry } from "../../src/registry/registry.ts";
import { enterRuntime } from "../../src/transaction/runtime.ts";
import { openStore } from "../../src/open-store.ts";
import { makeRuntime, outside, sentenceOf } from "../model/support.ts";
import { Job, log } from "./job.ts";

afterEach(() => void (log.length = 0));

test("what a task left running can push after the tasks have run", async () => {
  await using _tq = makeRuntime({ worker: false });
  const gate = Promise.withResolvers<void>();
  let later: Promise<unknown> | undefined;
  class Starter extends Model {
    static override readonly __name__ = "starter";
    static async begin() {
      later = gate.promise.then(() => outside(() => Job.__queue__.note([1], "later")));
    }
  }
  await Starter.__queue__["begin"]?.([1]);
  gate.resolve();
  await later;
  expect(log).toEqual(["later"]);
});

test("a task is current until it has ended, not in what it leaves running", async () => {
  await using _tq = makeRuntime({ worker: false });
  const gate = Promise.withResolvers<void>();
  const seen: (number | undefined)[] = [];
  let later: Promise<unknown> | undefined;
  class Server extends Model {
    static override readonly __name__ = "server";
    static async begin() {
      later = gate.promise.then(async () => {
        seen.push(currentTask()?.id);
        await Transaction.start({}, () => Job.__queue__.note([1], "later"));
      });
      await Promise.resolve();
      seen.push(currentTask()?.id);
    }
    static async end() {
      gate.resolve(); // the other one goes on while this one runs
      await later;
      seen.push(currentTask()?.id);
    }
  }
  await Transaction.start({}, async () => {
    await Server.__queue__["begin"]?.([1]);
    await Server.__queue__["end"]?.([1]);
  });
  expect(seen).toEqual([1, undefined, 2]);
  expect(log).toEqual(["later"]);
});

test("tasks belong to the runtime that pushed them", async () => {
  await using first = makeRuntime({ worker: false });
  await Job.__queue__.note([1], "first");
  {
    await using second = makeRuntime({ worker: false });
    await Job.__queue__.note([1], "second");
    expect(await second.tasks()).toHaveLength(1);
  }
  await Job.__queue__.note([1], "first again");
  expect(await first.tasks()).toHaveLength(2);
  expect(log).toEqual(["first", "second", "first again"]);
});

test("a model of the models file that nobody imported is loaded for its task", async () => {
  await using tq = makeRuntime({ worker: false });
  const models = join(tq.folder, "models.ts");
  const index = join(import.meta.dir, "../../src/index.ts");
  writeFileSync(
    models,
    `import { Model } from ${JSON.stringify(index)};
     export class Late extends Model { static __name__ = "late"; static run() { return "ran"; } }`,
  );
  const config = parseSettings({ database: tq.database, models }, "the test");
  using _ = use(config);
  const { push } = await import("../../src/index.ts");
  const [id = 0] = await push({ model: "late", method: "run", instances: [1] });
  expect(await tq.getTask(id)).toMatchObject({ state: "finished", result: "ran" });
});

test("two classes with one name cannot both push: it is not known which one is to run", async () => {
  await using tq = makeRuntime({ worker: false });
  class First extends Model {
    static override readonly __name__ = "twin";
    static go() {}
  }
  class Second extends Model {
    static override readonly __name__ = "twin";
    static go() {}
  }
  await First.__queue__["go"]?.([1]);
  expect(await sentenceOf(() => Second.__queue__["go"]?.([1]))).toBe(
    'Cannot push: two classes have the name "twin", both in this program; rename one of them',
  );
  tq.registry.addAll(fromFile(Second));
  expect(await sentenceOf(() => First.__queue__["go"]?.([1]))).toBe(
    'Cannot push: two classes have the name "twin", one in /models.ts, one in this program; rename one of them',
  );
  expect(await tq.tasks()).toHaveLength(1);

  function fromFile(model: typeof Model): Registry {
    const registry = new Registry();
    registry.add(model, "/models.ts");
    return registry;
  }
});

test("a program that is loaded again runs what its new classes say", async () => {
  await using tq = makeRuntime({ worker: false });
  for (const version of ["one", "two", "three"]) {
    class Hot extends ModelSQL("hot", { text: v.optional(v.string()) }) {
      static go() {
        log.push(version);
      }
    }
    await Transaction.start({}, async () => {
      await Hot.__queue__["go"]?.(await Hot.create([{ text: version }]));
    });
  }
  expect(log).toEqual(["one", "two", "three"]);
  expect((await tq.tasks()).map(({ state }) => state)).toEqual([
    "finished",
    "finished",
    "finished",
  ]);
});

test("a models file that cannot be loaded fails the task with the reason", async () => {
  await using tq = makeRuntime({ worker: false });
  const models = join(tq.folder, "broken.ts");
  writeFileSync(models, `throw new Error("not today");`);
  const config = parseSettings({ database: tq.database, models }, "the test");
  using _ = use(config);
  const { push } = await import("../../src/index.ts");
  const [id = 0] = await push({ model: "late", method: "run", instances: [1] });
  const task = await tq.getTask(id);
  expect(task.state).toBe("failed");
  expect(task.reason).toBe(
    `TqError: Cannot load models from ${models}: Error: not today at ${models}:1:11`,
  );
});

/** A runtime with other settings on the same database. */
function use(config: ReturnType<typeof parseSettings>) {
  const store = openStore(config);
  const registry = new Registry();
  const leave = enterRuntime({ store, config, registry, report: () => undefined, worker: false });
  return {
    [Symbol.dispose]() {
      leave();
      void store.close();
    },
  };
}
