/** Keeps the names of the classes that users meet in errors and in what they print: an executable is minified. */
import { TqError, UserError, UserWarning } from "../errors.ts";
import { Cancel, Retry, Snooze } from "../policies/verdicts.ts";
import { ResultNotKeptError, TaskFailedError, TimeoutError } from "../tasks/ended-errors.ts";
import { TaskHandle } from "../tasks/handle.ts";
import { Transaction } from "../transaction/transaction.ts";
import { Decimal } from "../values/decimal.ts";
import { Model } from "./model.ts";

const CLASSES = {
  Cancel,
  Decimal,
  Model,
  ResultNotKeptError,
  Retry,
  Snooze,
  TaskFailedError,
  TaskHandle,
  TimeoutError,
  TqError,
  Transaction,
  UserError,
  UserWarning,
};

for (const [name, value] of Object.entries(CLASSES)) {
  Object.defineProperty(value, "name", { value: name });
}
