/** A failure of a task in a program that runs its own tasks, and in a test: the task that tells of it runs there too. */
import { expect, test } from "bun:test";
import { type Failure, Model, type Queue, task, type TaskPolicies, Transaction } from "tq";
import { testQueue } from "tq/testing";
import { makeRuntime } from "../model/support.ts";

const told: Failure[] = [];

class Printer extends Model {
  static override readonly __name__ = "follow_up.printer";
  declare static readonly __queue__: Queue<typeof Printer>;
  static readonly tasks: TaskPolicies<typeof Printer> = { print: { onFailed: "tell" } };
  print() {
    throw new Error("it is off");
  }
  async tell(failure: Failure) {
    told.push(failure);
    if (this.id === 2) throw new Error("nobody listens");
  }
}

const make = task("follow_up.make", { onFailed: "follow_up.cry" }, () => {
  throw new Error("it broke");
});
const cry = task("follow_up.cry", (failure: Failure) => void told.push(failure));

test("a program that runs its own tasks runs the one that tells of a failure", async () => {
  await using tq = makeRuntime({ worker: false });
  told.length = 0;
  await Transaction.start({}, async () => {
    await Printer.__queue__.print([new Printer(1), new Printer(2)]);
  });
  const reason = "Error: it is off";
  const call = "follow_up.printer.print";
  expect(told).toMatchObject([1, 2].map(() => ({ task: 1, call, reason, attempts: 1 })));
  expect((await tq.tasks()).map(({ method, state }) => [method, state])).toEqual([
    ["print", "failed"],
    ["tell", "failed"],
  ]);
});

test("a test sees it in the next run of the queue", async () => {
  await using queue = await testQueue({ models: [Printer, make, cry] });
  told.length = 0;
  await Printer.__queue__.print(new Printer(1));
  await make.push();
  const runs = await queue.drain();
  expect(runs.map(({ call, outcome }) => [call, outcome])).toEqual([
    ["follow_up.printer.print", "failed"],
    ["follow_up.make", "failed"],
    ["follow_up.printer.tell", "finished"],
    ["follow_up.cry", "finished"],
  ]);
  expect(told.map(({ task: id }) => id)).toEqual(runs.slice(0, 2).map(({ id }) => id));
});
