/** Makes three invoices and pushes one task that posts them. */
import { Transaction } from "tq";
import { Invoice } from "./models.ts";

await Transaction.start({}, async () => {
  const values = ["Ada", "Grace", "Edsger"].map((customer, at) => ({ customer, amount: 100 + at }));
  await Invoice.__queue__.post(await Invoice.create(values));
});
