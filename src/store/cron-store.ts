/** Recurring tasks, as a store keeps them. */
import type {
  CronDecision,
  CronOverride,
  CronRow,
  CronSlot,
  CronSource,
  CronState,
  CronText,
  PastSlot,
} from "../cron/ledger.ts";

export interface CronStore {
  /** All of them, by name; those too that their file does not have any more. */
  rows(): Promise<CronRow[]>;
  /** Makes the definitions of one source those that it has now. One that changed counts from now. */
  define(source: CronSource): Promise<void>;
  /**
   * Decides slots, and pushes their tasks, in one transaction.
   *
   * @param decide called with how things are inside it; null: nothing is to be decided.
   * @returns the rows of the ledger that it wrote.
   */
  decide(
    name: string,
    decide: (state: CronState, now: number) => CronDecision | null,
  ): Promise<CronSlot[]>;
  /** Adds one definition to those of its source. @throws TqError "conflict" where the name is taken. */
  add(origin: string, definition: CronText): Promise<CronRow>;
  /** Makes this the override of a recurring task. @throws TqError "not_found", and what `change` throws */
  override(name: string, change: (row: CronRow, now: number) => CronOverride): Promise<CronRow>;
  /**
   * Removes a recurring task and its history.
   *
   * @throws TqError "not_found"; "conflict" for one that its file has, which would come back.
   */
  remove(name: string): Promise<void>;
  /** The last slots, the newest first. */
  slots(name: string, limit: number): Promise<PastSlot[]>;
}
