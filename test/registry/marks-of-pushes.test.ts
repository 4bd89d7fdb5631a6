/** A program that pushes tasks with secrets says so, also where no worker has ever loaded its models. */
import { expect, test } from "bun:test";
import { Model, type Queue, task, Transaction } from "tq";
import { makeRuntime } from "../model/support.ts";

class Card extends Model {
  static override readonly __name__ = "marks.card";
  declare static readonly __queue__: Queue<typeof Card>;
  static readonly redact = ["pin"];
  charge(_pin: string) {}
}

class Plain extends Model {
  static override readonly __name__ = "marks.plain";
  declare static readonly __queue__: Queue<typeof Plain>;
  run() {}
}

const send = task("marks.send", { redact: [0] }, (_code: string) => {});

test("in a transaction, once it is committed", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    await Card.__queue__.charge(new Card(1), "8765");
    expect(await tq.store.redactions.declared()).toEqual({});
  });
  expect(await tq.store.redactions.declared()).toEqual({ "marks.card": { "*": ["pin"] } });
});

test("outside one, and what others have said of other models stays", async () => {
  await using tq = makeRuntime();
  await tq.store.redactions.declare(["marks.plain"], { "marks.plain": { run: [0] } });
  await Plain.__queue__.run(new Plain(1));
  await send.push("code");
  expect(await tq.store.redactions.declared()).toEqual({
    "marks.plain": { run: [0] },
    "marks.send": { "*": [0] },
  });
});

test("and a push is stored though that cannot be kept", async () => {
  await using tq = makeRuntime();
  tq.store.redactions.declare = () => Promise.reject(new Error("the disk is full"));
  const id = await Card.__queue__.charge(new Card(1), "8765");
  expect((await tq.getTask(id)).state).toBe("ready");
  expect(JSON.stringify(tq.eventsOf("log.note"))).toContain("the disk is full");
});
