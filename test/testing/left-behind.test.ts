/** Work that a method of a test leaves behind. */
import { expect, test } from "bun:test";
import { Model, type Queue, push, Transaction } from "tq";
import { testQueue } from "tq/testing";

let late: Promise<unknown> = Promise.resolve();

class Note extends Model {
  static override readonly __name__ = "left.note";
  declare static readonly __queue__: Queue<typeof Note>;
  async leave() {
    late = ended.promise.then(async () =>
      push({ model: "left.note", method: "leave", instances: 1 }),
    );
  }
}

const ended = Promise.withResolvers<void>();

test("work that a method leaves behind fails with the lines of the test alone, so that a report names the method", async () => {
  await using queue = await testQueue({ models: [Note] });
  await Transaction.start({}, () => Note.__queue__.leave(new Note(1)));
  const [run] = await queue.drain();
  expect(run?.outcome).toBe("finished");
  ended.resolve();
  const error = await late.then(
    () => null,
    (thrown: Error) => thrown,
  );
  expect(error?.message).toContain("it has ended; await everything");
  const frames = error?.stack?.split("\n").filter((line) => line.trimStart().startsWith("at "));
  expect(frames?.length).toBeGreaterThan(0);
  for (const frame of frames ?? []) expect(frame).toContain("left-behind.test.ts");
});
