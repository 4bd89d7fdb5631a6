/** Failures in a program that runs its own tasks: no such program tells of them, and the first worker does. */
import { expect, test } from "bun:test";
import { Model, type Queue, Transaction } from "tq";
import { channelsOf } from "../../src/worker/alerts/channels.ts";
import { makeRuntime } from "../model/support.ts";

class Printer extends Model {
  static override readonly __name__ = "told_later.printer";
  declare static readonly __queue__: Queue<typeof Printer>;
  print() {
    throw new Error("it is off");
  }
}

const print = (id: number) => Transaction.start({}, () => Printer.__queue__.print(new Printer(id)));

test("a failure before the first worker is told by it, where the program's settings have alerts", async () => {
  await using tq = makeRuntime({
    worker: false,
    settings: { alert: { url: "http://localhost:9/" } },
  });
  await print(1);
  const { store, config } = tq;
  const [channel] = channelsOf(config);
  if (channel === undefined) throw new Error("there are no alerts");
  const taken = await store.failures.take({
    worker: "worker-1",
    channel: channel.key,
    origin: config.file ?? "",
    definitions: [{ key: channel.key, queues: [], tasks: [] }],
    every: 0,
    limit: 10,
  });
  expect(taken).toMatchObject({ count: 1, failures: [{ call: "told_later.printer.print" }] });
});

test("a program without alerts asks for none", async () => {
  await using tq = makeRuntime({ worker: false });
  let watched = 0;
  tq.store.failures.watch = async () => watched++;
  await print(1);
  expect(watched).toBe(0);
});
