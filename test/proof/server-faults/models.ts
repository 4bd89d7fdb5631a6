/** The tasks of this proof. Copied beside each worker's settings. */
import { currentTask, ModelSQL, Model, v } from "tq";

/** One row for each task that was done, with the key that its push has given it. */
export class Entry extends ModelSQL("entry", {
  task: v.number(),
  key: v.number(),
  account: v.number(),
  amount: v.number(),
}) {}

export class Account extends ModelSQL("account", { balance: v.number() }) {
  async add(key: number, amount: number): Promise<void> {
    this.balance += amount;
    await this.save();
    await this.#note(key, amount);
  }

  /** Works for a while between its two writes. */
  async addSlowly(key: number, amount: number, ms: number): Promise<void> {
    await this.#note(key, amount);
    await Bun.sleep(ms);
    const [now] = await Account.browse([this.id]);
    if (!now) throw new Error(`There is no account ${this.id}`);
    now.balance += amount;
    await now.save();
  }

  /** Works for a while before it touches the database: an outage passes unseen. */
  async addLate(key: number, amount: number, ms: number): Promise<void> {
    await Bun.sleep(ms);
    await this.addSlowly(key, amount, 1);
  }

  async #note(key: number, amount: number): Promise<void> {
    await Entry.create([{ task: currentTask()?.id ?? 0, key, account: this.id, amount }]);
  }
}

export class Probe extends Model {
  static override readonly __name__ = "probe";

  /** Makes the tables, and accounts up to this number. */
  async prepare(accounts: number): Promise<void> {
    await Account.create(Array.from({ length: accounts }, () => ({ balance: 0 })));
    const made = await Entry.create([{ task: 0, key: 0, account: 0, amount: 0 }]);
    await Entry.delete(made);
  }
}
