/** How a unit of work shares its session and its transaction with others. */
import type { Session } from "../store/session.ts";
import type { Claim } from "../task.ts";

export interface UnitOptions {
  /** The session of a task's thread; without one the unit opens its own at its first need. */
  readonly session?: Session;
  /** Takes the write lock at the first read or write. */
  readonly locked?: boolean;
  /** Units share the transaction: `locked` does not lock each row. */
  readonly shared?: boolean;
  /** Keeps the work in a savepoint of a shared transaction. */
  readonly savepoint?: boolean;
  /** The claim that must still hold at a commit in the middle of a task. */
  readonly claim?: Claim;
}
