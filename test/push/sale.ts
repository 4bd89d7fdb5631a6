/** Models with methods to push, and short ways to push them. */
import { Model, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";

class Base extends Model {
  static async inherited(_records: unknown[]) {}
  async inheritedToo() {}
}

export class Sale extends Base {
  declare static readonly __queue__: Queue<typeof Sale>;
  static override readonly __name__ = "sale";
  static readonly Line = class {};
  static readonly label = "Sale";
  static async process(_records: Sale[] | Sale, ..._args: unknown[]) {}
  static helper = async (_records: Sale[]) => {};
  async confirm(_note?: string) {}
  get total() {
    return () => 1;
  }
}

export class Stored extends ModelSQL("stored", { name: v.optional(v.string()) }) {
  static async process(_records: Stored[]) {}
}

export class Other extends ModelSQL("other", {}) {
  static async process(_records: Other[]) {}
}

export class Special extends Stored {
  static override readonly __name__ = "stored.special";
}

/** As code without types pushes. */
export const queue = Sale.__queue__ as unknown as Record<
  string,
  (...args: unknown[]) => Promise<unknown>
>;

export const call = (name: string, ...args: unknown[]) => queue[name]?.(...args);

export const inContext = <T>(context: Record<string, unknown>, fn: () => Promise<T> | T) =>
  Transaction.start({ context }, fn);

export const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
