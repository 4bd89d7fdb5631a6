/** The error of everything that belongs to a transaction, after its end. */
import { TqError } from "../errors.ts";

export function endedError(): TqError {
  return new TqError(
    "conflict",
    "Cannot use this transaction: it has ended; await everything before its function returns, and wrap code that outlives it, like a timer, a server or a queue that was made in it, in a Transaction.start of its own",
  );
}

/** The error of a store that was closed. */
export function closedError(): TqError {
  return new TqError(
    "conflict",
    "Cannot use the database: it was closed, with the worker that it belongs to; start the transaction before the worker stops, or after",
  );
}

/** The error of a commit in the middle of a task whose claim was lost. */
export function lostClaimError(): TqError {
  return new TqError(
    "conflict",
    "Cannot commit: the task was cancelled or given to another worker while it ran; the work of this run was discarded; what it had committed before stays",
  );
}
