/** A model with a number, and its records, for the tests of transactions. */
import { ModelSQL, Transaction, v } from "../../src/index.ts";

export class Counter extends ModelSQL("counter", {
  name: v.string(),
  value: v.pipe(v.number(), v.integer()),
  note: v.optional(v.string()),
}) {
  static async touch(records: Counter[], _text?: string) {
    return records.length;
  }
}

export function make(name = "a", value = 0): Promise<Counter> {
  return Transaction.start({}, async () => {
    const [counter] = await Counter.create([{ name, value }]);
    if (!counter) throw new Error("nothing was made");
    return counter;
  });
}

export async function get(id: number): Promise<Counter> {
  const [counter] = await Counter.browse([id]);
  if (!counter) throw new Error(`there is no counter ${id}`);
  return counter;
}

export const valueOf = (id: number) => Transaction.start({}, async () => (await get(id)).value);
