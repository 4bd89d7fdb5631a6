/**
 * Posts invoices and mails them. In a copy of this folder:
 *
 *   tq init && tq run main.ts && tq worker --drain
 */
import { currentTask, ModelSQL, type Queue, Transaction, v } from "tq";

export class Invoice extends ModelSQL("invoice", {
  customer: v.string(),
  amount: v.number(),
  state: v.optional(v.picklist(["draft", "posted", "sent"]), "draft"),
  number: v.optional(v.number()),
}) {
  declare static readonly __queue__: Queue<typeof Invoice>;

  /** Gives numbers without gaps: the write lock is held from the first read to the commit. */
  static async post(invoices: Invoice[]) {
    await this.lock(invoices);
    const [last] = await this.search([["number", ">", 0]], {
      order: [["number", "DESC"]],
      limit: 1,
    });
    let number = last?.number ?? 0;
    const drafts = invoices.filter(({ state }) => state === "draft"); // a second push does no harm
    for (const invoice of drafts) Object.assign(invoice, { state: "posted", number: ++number });
    await this.save(drafts);
    // One task an invoice: a mail that fails keeps none of the others back.
    const context = { queue_name: "mail", queue_batch: 1 };
    await Transaction.current.setContext(context, () => this.__queue__.send(drafts));
  }

  /** Outside a transaction while it waits for the mail server, so that others can write. */
  static async send(invoices: Invoice[]) {
    for (const invoice of invoices) {
      await deliver(invoice, `${currentTask()?.id}`);
      await Transaction.start({}, async () => {
        invoice.state = "sent";
        await invoice.save();
      });
    }
  }

  static readonly tasks = { send: { transaction: false } };
}

/** Stands for a mail server that knows a repeated key: a task can run twice, a mail should go out once. */
async function deliver({ customer, number, amount }: Invoice, key: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  console.log(`to ${customer}: invoice ${number} over ${amount} (key ${key})`);
}
