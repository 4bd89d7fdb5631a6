/** The models that the measures run. They are copied beside the database, as a user's models.ts. */
import { Model, ModelSQL, type Queue, Transaction, v } from "tq";

/** A row that a task changes. */
export class Item extends ModelSQL("item", { value: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof Item>;

  async process(value: number): Promise<void> {
    this.value = value;
    await this.save();
  }

  /** Waits once, so that it never counts as a quick method. */
  async wait(value: number): Promise<void> {
    await new Promise(setImmediate);
    this.value = value;
    await this.save();
  }
}

/** An account of few: its row is wanted by many tasks at once. */
export class Account extends ModelSQL("account", { balance: v.number() }) {
  declare static readonly __queue__: Queue<typeof Account>;

  async transfer(to: number, amount: number): Promise<void> {
    const [other] = await Account.browse([to]);
    if (!other) throw new Error(`There is no account ${to}`);
    await Account.lock([this, other]);
    this.balance -= amount;
    other.balance += amount;
    await Account.save([this, other]);
  }

  /** Waits once, so that each transfer has a transaction of its own. */
  async transferAlone(to: number, amount: number): Promise<void> {
    await new Promise(setImmediate);
    await this.transfer(to, amount);
  }
}

export class Probe extends Model {
  static override readonly __name__ = "probe";
  declare static readonly __queue__: Queue<typeof Probe>;

  noop(): void {}

  update(value: number): void {
    Transaction.current.database
      .query("UPDATE item SET value = ? WHERE id = ?")
      .run(value, this.id);
  }

  /** Returns the time at which it began, in ms since 1970 UTC with fractions. */
  stamp(): number {
    return performance.timeOrigin + performance.now();
  }

  /** Computes, the same amount in every program. */
  spin(turns: number): number {
    return spin(turns);
  }
}

export function spin(turns: number): number {
  let state = 1;
  for (let turn = 0; turn < turns; turn++) state = (Math.imul(state, 1_664_525) + 12_345) | 0;
  return state;
}
