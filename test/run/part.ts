/** A model whose methods say what they were called with. */
import { currentTask, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";

export const seen: unknown[] = [];

export class Part extends ModelSQL("part", { name: v.string(), used: v.optional(v.boolean()) }) {
  declare static readonly __queue__: Queue<typeof Part>;

  static async list(records: Part[], ...args: unknown[]) {
    seen.push([records.map(({ id }) => id), ...args]);
    return records.length;
  }
  static async one(record: Part) {
    seen.push(record.id);
    return { id: record.id };
  }
  static async any(records: Part | Part[]) {
    seen.push(Array.isArray(records) ? records.map(({ id }) => id) : records.id);
  }
  static sync(records: Part[]) {
    seen.push(this === Part, records.length);
    return "done";
  }
  async use(by?: string) {
    seen.push([this.id, this.used ?? false, by]);
    this.used = true;
    await this.save();
    return this.name;
  }
  static async where(_records: Part[]) {
    const { user, context } = Transaction.current;
    seen.push({ user, context, task: currentTask() });
    await Part.__queue__.list([1]);
  }
  static async give(_records: Part[], what: string) {
    const values: Record<string, unknown> = {
      date: Temporal.PlainDate.from("2024-02-29"),
      function: () => 1,
      long: "x".repeat(20_000),
      nothing: undefined,
      null: null,
      nan: Number.NaN,
    };
    return values[what];
  }
  static async fails(_records: Part[], what: unknown) {
    // oxlint-disable-next-line typescript/only-throw-error -- users throw anything
    throw what;
  }
  static tasks = { goOn: { transaction: false } };
  static during: () => Promise<unknown> = () => Promise.resolve();
  /** Outside any transaction. */
  static async goOn(records: Part[]) {
    await Part.during();
    for (const act of [
      () => Transaction.start({}, () => Part.create([{ name: "late" }])),
      () => Transaction.start({ lock: true }, () => Part.create([{ name: "later" }])),
      () => Part.__queue__.list(records),
    ]) {
      await act().catch((error: unknown) => seen.push(error));
    }
  }
  static async writeAndFail(records: Part[]) {
    for (const record of records) await record.use();
    await Part.__queue__.list([1]);
    throw new RangeError("too far");
  }
}

export async function makeParts(count: number): Promise<Part[]> {
  const values = Array.from({ length: count }, (_, index) => ({ name: `part ${index + 1}` }));
  return Transaction.start({}, () => Part.create(values));
}
