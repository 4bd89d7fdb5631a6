/** Deleted records, and records to delete, that change while their task runs: it runs again. */
import { expect, test } from "bun:test";
import { ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { makeRuntime } from "../model/support.ts";

let meanwhile: () => unknown = () => {};

class Letter extends ModelSQL("letter", { sent: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof Letter>;

  static async send(records: Letter[], lock: boolean) {
    meanwhile();
    if (lock) await Letter.lock(records);
    for (const record of records) {
      record.sent = (record.sent ?? 0) + 1;
      await record.save();
    }
  }

  /** Deletes what was never sent. */
  static async tidy(records: Letter[]) {
    meanwhile();
    await Letter.delete(records.filter(({ sent }) => sent === undefined));
  }

  static async deleteAndSave(records: Letter[]) {
    const [record] = records;
    await record?.delete();
    if (record) record.sent = 1;
    await record?.save();
  }
}

async function makeLetters() {
  await Transaction.start({}, () => Letter.create([{}, {}]));
}

test.each([
  ["save", false],
  ["lock", true],
] as [string, boolean][])(
  "a task whose record is deleted before its %s runs again, and does the others",
  async (_, lock) => {
    await using tq = makeRuntime();
    await makeLetters();
    const [id = 0] = await Letter.__queue__.send([1, 2], lock);
    meanwhile = once(() => tq.sql("DELETE FROM letter WHERE id = 1"));
    expect(await tq.runTask(id)).toMatchObject({ state: "finished", reason: null });
    expect(tq.sql("SELECT id, sent FROM letter")).toEqual([{ id: 2, sent: 1 }]);
  },
);

test("a task whose only record is deleted while it runs is finished", async () => {
  await using tq = makeRuntime();
  await makeLetters();
  meanwhile = once(() => tq.sql("DELETE FROM letter"));
  const [id = 0] = await Letter.__queue__.send([1], false);
  expect(await tq.runTask(id)).toMatchObject({ state: "finished" });
});

test("a task that deletes a record which changed meanwhile runs again, and sees the change", async () => {
  await using tq = makeRuntime();
  await makeLetters();
  const [id = 0] = await Letter.__queue__.tidy([1, 2]);
  meanwhile = once(() => tq.sql("UPDATE letter SET sent = 1 WHERE id = 1"));
  expect(await tq.runTask(id)).toMatchObject({ state: "finished" });
  expect(tq.sql("SELECT id, sent FROM letter")).toEqual([{ id: 1, sent: 1 }]);
});

test("a task that saves a record that it has deleted itself fails", async () => {
  await using tq = makeRuntime();
  await makeLetters();
  const [id = 0] = await Letter.__queue__.deleteAndSave([1]);
  const reason = "TqError: Cannot save letter 1: it no longer exists";
  expect(await tq.runTask(id)).toMatchObject({ state: "failed", reason });
  expect(tq.sql("SELECT id FROM letter")).toEqual([{ id: 1 }, { id: 2 }]);
});

function once(fn: () => unknown): () => unknown {
  let done = false;
  return () => {
    if (!done) fn();
    done = true;
  };
}
