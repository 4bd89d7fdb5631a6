/** Makes the accounts and the tables, before the torture starts. */
import { Transaction } from "tq";
import { Account, Ledger, Order } from "./models/accounts.mts";

const count = Number(process.argv[2]);

await Transaction.start({}, async () => {
  await Account.create(Array.from({ length: count }, () => ({ balance: 0 })));
  // The first use of a model makes its table.
  await Ledger.search([], { limit: 1 });
  await Order.search([], { limit: 1 });
});
