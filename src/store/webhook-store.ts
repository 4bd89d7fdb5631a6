/** How far webhooks have told the ends of tasks, as a store keeps it. */
import type { NewTask, Task, TaskState } from "../task.ts";

export interface WebhookDefinition {
  /** A hash of all that says which ends it tells, and where. */
  readonly key: string;
  /** Names the place alone: another definition of it goes on where this one was. */
  readonly target: string;
  readonly states: readonly TaskState[];
  /** Names and patterns; empty lists: all. */
  readonly queues: readonly string[];
  /** Of methods and functions. */
  readonly tasks: readonly string[];
}

export interface WebhookFollow {
  /** The tq.toml that asks for it; "" without one. */
  readonly origin: string;
  /** All that it asks for. */
  readonly definitions: readonly WebhookDefinition[];
  /** The one to follow. */
  readonly definition: WebhookDefinition;
  /** The task that tells an end. @param seed the same for the same definition in this database */
  readonly delivery: (task: Task, seed: string) => NewTask;
}

export interface Followed {
  /** How many tasks were pushed. */
  readonly pushed: number;
  /** True: there may be more to tell now. */
  readonly isMore: boolean;
}

export interface WebhookStore {
  /**
   * Makes these the webhooks that a file asks for. A new one tells the ends from now on; one that takes the place of another
   * one of the same file with the same target goes on where that was. Those that no file asks for are dropped.
   */
  watch(origin: string, definitions: readonly WebhookDefinition[]): Promise<void>;
  /**
   * Pushes one task for each end that was not told yet, a few hundred at a time, in one transaction with the place that it
   * has come to. Tasks that deliver webhooks themselves are left out.
   */
  follow(follow: WebhookFollow): Promise<Followed>;
  /** Take it before a look for ends: `changed` then waits for those that come after it. */
  version(): Promise<number>;
  /**
   * Resolves once there may be ends to tell that came after this version, after `wait` ms at the latest, and soon after the
   * signal.
   *
   * @param keys of the webhooks that are followed.
   */
  changed(
    version: number,
    keys: readonly string[],
    wait: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** True while a file asks for a webhook with this target. */
  isWanted(target: string): Promise<boolean>;
}
