/** Two models with tables: one has a field of each kind, one has defaults. */
import { Decimal, ModelSQL, Transaction, v } from "../../src/index.ts";

export const inside = <T>(fn: () => Promise<T> | T) => Transaction.start({}, fn);

export class All extends ModelSQL("all.kinds", {
  text: v.optional(v.string()),
  whole: v.optional(v.pipe(v.number(), v.integer())),
  number: v.optional(v.number()),
  flag: v.optional(v.boolean()),
  bytes: v.optional(v.instance(Uint8Array)),
  state: v.optional(v.picklist(["draft", "done"])),
  price: v.optional(v.instance(Decimal)),
  day: v.optional(v.instance(Temporal.PlainDate)),
  lines: v.optional(v.array(v.object({ product: v.number(), note: v.optional(v.string()) }))),
  big: v.optional(v.bigint()),
}) {}

export class Sale extends ModelSQL("sale", {
  state: v.optional(v.picklist(["draft", "done"]), "draft"),
  total: v.optional(v.number()),
  party: v.nullable(v.string()),
  tags: v.optional(v.array(v.string()), []),
}) {
  async confirm() {
    this.state = "done";
    await this.save();
  }
}

/** A record that is saved. */
export const makeSale = (total = 0) =>
  inside(async () => {
    const sale = new Sale({ party: null, total });
    await sale.save();
    return sale;
  });

export async function browse(id: number): Promise<Sale> {
  const [sale] = await Sale.browse([id]);
  if (!sale) throw new Error(`there is no sale ${id}`);
  return sale;
}
