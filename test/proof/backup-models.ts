/** The models of the queue that is backed up: each effect is in the transaction of its task. */
import { Model, ModelSQL, v } from "tq";

export class Effect extends ModelSQL("effect", { key: v.number() }) {}

export class Job extends Model {
  static override readonly __name__ = "job";

  /** Quick, so that many share a transaction. */
  async add() {
    await Effect.create([{ key: this.id }]);
  }

  /** Slow, so that some run when a copy is made. */
  async nap() {
    await Bun.sleep(20);
    await Effect.create([{ key: this.id }]);
  }
}
