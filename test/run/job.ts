/** Models whose tasks a program runs itself, and a log of what ran. */
import { currentTask, Model, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";

export const log: string[] = [];

export class Job extends Model {
  declare static readonly __queue__: Queue<typeof Job>;
  static override readonly __name__ = "job";
  static readonly tasks = { charge: { transaction: false } };

  static async note(_records: Job[], text: string, ...children: string[]) {
    log.push(text);
    for (const child of children) await this.__queue__.note([1], child);
  }
  static async fail(_records: Job[], text: string) {
    log.push(text);
    await this.__queue__.note([1], "child of the failed");
    throw new Error(text);
  }
  static async commitThenFail(_records: Job[]) {
    await this.__queue__.note([1], "committed");
    await Transaction.current.commit();
    await this.__queue__.note([1], "not committed");
    throw new Error("no");
  }
  static gate = Promise.resolve();
  static async wait(_records: Job[]) {
    log.push("waits");
    await Job.gate;
  }
  static async where(_records: Job[]) {
    const { current } = Transaction;
    log.push(JSON.stringify({ user: current.user, context: current.context, task: currentTask() }));
  }
  static async charge(_records: Job[]) {
    log.push("charge");
    await Transaction.start({}, () => this.__queue__.note([1], "after the charge"));
    log.push("charged");
  }
}

export class Account extends ModelSQL("account", { total: v.number() }) {
  declare static readonly __queue__: Queue<typeof Account>;

  async add(value: number) {
    this.total += value;
    await this.save();
  }
  async addAndFail(value: number) {
    await this.add(value);
    throw new Error("no");
  }
}
