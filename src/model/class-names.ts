/** Keeps the names of the classes that users meet in errors and in what they print: an executable is minified. */
import { TqError, UserError, UserWarning } from "../errors.ts";
import { Transaction } from "../transaction/transaction.ts";
import { Decimal } from "../values/decimal.ts";
import { Model } from "./model.ts";

const CLASSES = { Decimal, Model, TqError, Transaction, UserError, UserWarning };

for (const [name, value] of Object.entries(CLASSES)) {
  Object.defineProperty(value, "name", { value: name });
}
