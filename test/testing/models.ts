/** Models and a function for the tests of test queues. */
import type { Decimal } from "tq";
import { currentTask, Model, ModelSQL, type Queue, Snooze, task, type TaskPolicies, v } from "tq";

export class Sale extends ModelSQL("testing.sale", {
  state: v.optional(v.string(), "draft"),
  total: v.optional(v.string(), "0"),
}) {
  declare static readonly __queue__: Queue<typeof Sale>;
  static readonly tasks: TaskPolicies<typeof Sale> = { pay: { attempts: 3, backoff: "10m" } };

  static async confirm(sales: Sale[], total: Decimal) {
    for (const sale of sales) {
      sale.state = "confirmed";
      sale.total = String(total);
      await sale.save();
      await Sale.__queue__.pay(sale);
    }
    return total.mul(2);
  }

  itself(): Sale {
    return this;
  }

  pay(): string {
    currentTask()?.log("pays", this.id);
    if (gate.open) return "paid";
    throw new PaymentError("no money");
  }
}

export class PaymentError extends Error {
  override readonly name = "PaymentError";
}

/** Payments succeed where it is open. */
export const gate = { open: true };

export class Loop extends Model {
  static override readonly __name__ = "testing.loop";
  declare static readonly __queue__: Queue<typeof Loop>;

  static async again(loop: Loop) {
    await Loop.__queue__.again(loop);
  }

  static later(_loop: Loop) {
    throw new Snooze("2h");
  }
}

export const greet = task("testing.greet", (name: string, loud = false) =>
  loud ? name.toUpperCase() : name,
);
