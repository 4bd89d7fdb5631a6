/** The follow-ups of a task's failure, as a store keeps them: a task that it pushes, and the alerts that tell of it. */
import type { Failure } from "../failure.ts";

/** Tasks of a method that fail push a task with another call. */
export interface FollowUp {
  readonly model: string;
  readonly method: string;
  readonly calls: { readonly model: string; readonly method: string };
}

/** A way to tell people. */
export type AlertChannel = "command" | "url";

/**
 * A definition of alerts: the way in which they go, and a hash of where they go to and of what they are about. Each has
 * its own limit, and tells each failure; files with the same definition share it.
 */
export type AlertKey = AlertChannel | `${AlertChannel} ${string}`;

/** A failure as an alert tells it; without a task it is the trouble of a worker. */
export interface UntoldFailure extends Omit<Failure, "task"> {
  readonly task: number | null;
  /** The queue of the task; null: it is no task. */
  readonly queue: string | null;
  /** ms since 1970 UTC. */
  readonly failedAt: number;
}

export interface AlertTake {
  readonly worker: string;
  readonly channel: AlertKey;
  /** The tq.toml that asks for alerts; "" without one. */
  readonly origin: string;
  /** All that it asks for. */
  readonly channels: readonly AlertKey[];
  /** The least time between two alerts: ms. */
  readonly every: number;
  /** Reads this many failures; the others are only counted. */
  readonly limit: number;
  /** True for a failure that is to be told. */
  readonly isWanted: (failure: UntoldFailure) => boolean;
}

/** The failures to tell now, or when the next look may find something. */
export type TakenAlert =
  | {
      readonly kind: "alert";
      /** The first ones. */
      readonly failures: readonly UntoldFailure[];
      /** How many there are in all. */
      readonly count: number;
      /** When the last of them failed: ms since 1970 UTC. */
      readonly lastAt: number;
      /** Those after this one and up to that one: `told` names the latter. */
      readonly after: number;
      readonly until: number;
    }
  /** `wait`: the ms until the next alert may go. `other`: another worker tells of them now. */
  | { readonly kind: "wait"; readonly wait: number }
  | { readonly kind: "other" }
  /** There is nothing to tell. */
  | { readonly kind: "none" };

export interface FailureStore {
  /**
   * Makes these the follow-ups of the models: the failure of one of their tasks pushes a task in the transaction that
   * settles it. Those of other models stay.
   */
  declare(models: readonly string[], followUps: readonly FollowUp[]): Promise<void>;
  /**
   * Makes these the ways in which failures are told. Failures count from now for a way that is new, and for one that
   * takes the place of another one of the same origin from where that has come to: that one is dropped.
   *
   * @param origin the tq.toml that asks for alerts; "" without one.
   */
  watch(origin: string, channels: readonly AlertKey[]): Promise<void>;
  /** Has alerts tell of trouble that is no failure of a task. */
  trouble(words: string): Promise<void>;
  /**
   * Takes the failures that are to be told, for this worker alone until it has told them, or has died. None is wanted:
   * they count as told.
   */
  take(take: AlertTake): Promise<TakenAlert>;
  /** The alert has gone; false: it has not, and the failures are to be told again. */
  told(worker: string, channel: AlertKey, until: number, hasGone: boolean): Promise<void>;
}
