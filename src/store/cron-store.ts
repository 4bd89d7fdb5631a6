/** Recurring tasks, as a store keeps them. */
import type {
  CronDecision,
  CronOverride,
  CronRow,
  CronSlot,
  CronSource,
  CronState,
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
  /** Makes this the override of a recurring task. @throws TqError "not_found" */
  override(name: string, change: (row: CronRow) => CronOverride): Promise<CronRow>;
  /** Removes a recurring task and its history. @throws TqError "not_found" */
  remove(name: string): Promise<void>;
  /** The last slots, the newest first. */
  slots(name: string, limit: number): Promise<CronSlot[]>;
}
