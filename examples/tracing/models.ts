/** An order that two tasks work on, in one trace. The program beside this file says how to run it. */
import { Model, type Queue } from "tq";
import { withSpan } from "./tracing.ts"; // in each thread of a worker, as it loads this file

export class Order extends Model {
  static override readonly __name__ = "order";
  declare static readonly __queue__: Queue<typeof Order>;

  async confirm() {
    await withSpan("look for stock", async () => Bun.sleep(5));
    await Order.__queue__.ship(this); // goes on in this trace
  }

  async ship() {
    if (this.id === 13) throw new Error("the parcel is lost");
  }
}
