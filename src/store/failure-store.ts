/** The follow-ups of a task's failure, as a store keeps them: a task that it pushes, and the alerts that tell of it. */
import type { Failure } from "../failure.ts";
import { DAY_MS } from "../values/duration.ts";
import type { FailedTask } from "./looking.ts";

/** Tasks of a method that fail push a task with another call. */
export interface FollowUp {
  readonly model: string;
  readonly method: string;
  readonly calls: { readonly model: string; readonly method: string };
}

/** The follow-ups of these models: the others of their methods have none. */
export interface DeclaredFollowUps {
  readonly models: readonly string[];
  readonly followUps: readonly FollowUp[];
}

/** A follow-up as it is stored. */
export type FollowUpRow = Readonly<
  Record<"model" | "method" | "calls_model" | "calls_method", string>
>;

export function areSame(rows: readonly FollowUpRow[], followUps: readonly FollowUp[]): boolean {
  const stored = rows.map((row) => [row.model, row.method, row.calls_model, row.calls_method]);
  const wanted = followUps.map(({ model, method, calls }) => [
    model,
    method,
    calls.model,
    calls.method,
  ]);
  const texts = (list: readonly string[][]) => list.map((row) => JSON.stringify(row)).sort();
  return Bun.deepEquals(texts(stored), texts(wanted));
}

/** Alerts tell the beginning of a reason. */
export const REASON_CHARACTERS = 1_000;

/** So many failures are kept for a definition while none is told, and so many more while an alert goes. */
export const MOST_KEPT = 100;

/** Older failures are no news for a definition that takes the place of another one. */
export const NEWS_MS = 7 * DAY_MS;

/** The ms until the next alert. A clock that was set back makes none wait: the last one is in its future. */
export function waitForAlert(sentAt: number | null, every: number, now: number): number {
  if (sentAt === null || sentAt > now) return 0;
  return Math.max(sentAt + every - now, 0);
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

/** Which failures a definition of alerts wants: names and patterns; an empty list is all. Trouble is wanted by each. */
export interface AlertDefinition {
  readonly key: AlertKey;
  readonly queues: readonly string[];
  /** Of methods and functions. */
  readonly tasks: readonly string[];
}

export interface AlertTake {
  readonly worker: string;
  readonly channel: AlertKey;
  /** The tq.toml that asks for alerts; "" without one. */
  readonly origin: string;
  /** All that it asks for. */
  readonly definitions: readonly AlertDefinition[];
  /** The least time between two alerts: ms. */
  readonly every: number;
  /** Reads this many failures, up to 100; the others are only counted. */
  readonly limit: number;
}

/** The failures to tell now, or when the next look may find something. */
export type TakenAlert =
  | {
      readonly kind: "alert";
      /** The first ones. */
      readonly failures: readonly UntoldFailure[];
      /** How many there are in all. */
      readonly count: number;
      /** The number of the last one: `told` names it. */
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
   * settles it. Those of other models stay. For failures that this store settles they count from now on; for those of
   * stores that have read no such models, what was declared last.
   */
  declare(models: readonly string[], followUps: readonly FollowUp[]): Promise<void>;
  /** Has them count for failures that this store settles, and for no others: its threads have declared them. */
  know(declared: DeclaredFollowUps): void;
  /**
   * Makes these the alerts that a file asks for. A new one tells the failures from now on. One that takes the place of
   * another one of the same file also tells those that this one still had to tell, and those of the last week that only
   * the new one wants. Those that no file asks for are dropped.
   *
   * @param origin the tq.toml that asks for alerts; "" without one.
   * @returns how many failed tasks they want that the ones whose place they take did not, and do not tell of, as these
   * failed too long ago.
   */
  watch(origin: string, definitions: readonly AlertDefinition[]): Promise<number>;
  /** Has alerts tell of trouble that is no failure of a task. */
  trouble(words: string): Promise<void>;
  /** Takes the failures that are to be told, for this worker alone until it has told them, or has died. */
  take(take: AlertTake): Promise<TakenAlert>;
  /** The alert has gone; false: it has not, and the failures are to be told again. */
  told(worker: string, channel: AlertKey, until: number, hasGone: boolean): Promise<void>;
  /** The tasks that failed last, the latest first. */
  last(most: number): Promise<FailedTask[]>;
}
