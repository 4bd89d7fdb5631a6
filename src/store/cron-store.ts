/** Recurring tasks, as a store keeps them. */
import type {
  CronChanges,
  CronDecision,
  CronOverride,
  CronRow,
  CronSlot,
  CronSource,
  CronState,
  CronText,
  OriginKind,
  PastSlot,
  SlotOutcome,
} from "../cron/ledger.ts";
import type { PushKey } from "./push-keys.ts";

export interface DecideOptions {
  /** The worker that does what it starts. */
  readonly worker?: string;
  /** Of the push that it makes: it is kept with the ids of the tasks. */
  readonly key?: PushKey;
}

/** Another one where recurring tasks, the workers that have them, or their time zones have changed since. */
export type CronVersion = string | number;

export interface CronStore {
  version(): Promise<CronVersion>;
  /** All of them, by name; those too that their file does not have any more. */
  rows(): Promise<CronRow[]>;
  /**
   * Makes the definitions of these sources those that they have now, in one transaction. One that changed goes on where
   * it was: what it decided stays, and slots of its former times are still to be decided. A new one counts from now. Of a
   * database that hosts share it notes besides which ones no worker has any more.
   */
  define(...sources: readonly CronSource[]): Promise<CronChanges>;
  /**
   * Says the time zone of a worker's machine. It is in force for definitions that name none as soon as no live worker
   * has another one.
   *
   * @returns the zone in force
   */
  followZone(worker: string, zone: string): Promise<string>;
  /**
   * Decides slots, and pushes their tasks, in one transaction.
   *
   * @param decide called with how things are inside it; null: nothing is to be decided.
   * @returns the rows of the ledger that it wrote: none where a push had the key.
   */
  decide(
    name: string,
    decide: (state: CronState, now: number) => CronDecision | null,
    options?: DecideOptions,
  ): Promise<CronSlot[]>;
  /** Says how it ended what a worker has started for a slot. */
  end(name: string, slot: number, outcome: SlotOutcome, reason: string): Promise<void>;
  /**
   * Adds one definition. Of a file it is a first one, until a worker has read that.
   *
   * @param kind as in CronSource.
   * @throws TqError "conflict" where the name is taken.
   */
  add(origin: string, definition: CronText, kind?: OriginKind): Promise<CronRow>;
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
