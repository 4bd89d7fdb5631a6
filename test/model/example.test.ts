/** The example of the documentation, run. */
import { expect, test } from "bun:test";
import { ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { makeRuntime } from "./support.ts";

class MyModel extends ModelSQL("my_model", { value: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof MyModel>;

  static async launch(records: MyModel[]) {
    for (const record of records) await this.__queue__.process(record, 42);
  }
  async process(value: number) {
    this.value = value;
    await this.save();
  }
}

for (const worker of [true, false]) {
  test(`the example stores its value ${worker ? "with a worker" : "without a worker"}`, async () => {
    await using tq = makeRuntime({ worker });
    await Transaction.start({}, async () => {
      const records = await MyModel.create([{}, {}]);
      await MyModel.__queue__.launch(records);
    });
    if (worker) await tq.runAll();
    expect(tq.sql("SELECT id, value FROM my_model")).toEqual([
      { id: 1, value: 42 },
      { id: 2, value: 42 },
    ]);
    expect((await tq.tasks()).map(({ method, instances }) => [method, instances])).toEqual([
      ["launch", [1, 2]],
      ["process", 1],
      ["process", 2],
    ]);
  });
}
