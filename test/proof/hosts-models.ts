/** The tasks of the hosts' proof. Copied beside each host's settings. */
import { currentTask, ModelSQL, Model, v } from "tq";

/** One row for each task that was done. */
export class Entry extends ModelSQL("entry", {
  task: v.number(),
  account: v.number(),
  amount: v.number(),
}) {}

export class Account extends ModelSQL("account", { balance: v.number() }) {
  async add(amount: number): Promise<void> {
    this.balance += amount;
    await this.save();
    await Entry.create([{ task: currentTask()?.id ?? 0, account: this.id, amount }]);
  }

  /** The same, with a while between its two writes. */
  async addSlowly(amount: number, ms: number): Promise<void> {
    await Entry.create([{ task: currentTask()?.id ?? 0, account: this.id, amount }]);
    await Bun.sleep(ms);
    const [now] = await Account.browse([this.id]);
    if (!now) throw new Error(`There is no account ${this.id}`);
    now.balance += amount;
    await now.save();
  }
}

export class Item extends ModelSQL("item", { value: v.optional(v.number()) }) {
  async process(value: number): Promise<void> {
    this.value = value;
    await this.save();
  }
}

export class Probe extends Model {
  static override readonly __name__ = "probe";

  noop(): void {}

  /** Makes the tables, with a row each. */
  async prepare(): Promise<void> {
    await Account.create([{ balance: 0 }]);
    await Item.create([{}]);
    await Entry.delete(await Entry.create([{ task: 0, account: 0, amount: 0 }]));
  }
}
