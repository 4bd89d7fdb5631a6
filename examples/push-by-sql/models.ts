/**
 * Tasks pushed by programs in other languages, with an INSERT in their own transaction. In a copy of this folder:
 *
 *   tq init && tq worker --drain     # makes the database
 *   python3 push.py                  # or: php push.php
 *   tq worker --drain
 */
import { Model, Transaction } from "tq";

/** The table "sale" belongs to the other program, so this model has none: its records are ids. */
export class Sale extends Model {
  static override readonly __name__ = "sale";

  static async report(sales: Sale[], words: string) {
    for (const { id } of sales) {
      const { sql } = Transaction.current;
      const [row] = await sql<{ state: string }>`SELECT state FROM sale WHERE id = ${id}`;
      console.log(`${words}: sale ${id} is ${row?.state}`);
    }
  }
}
