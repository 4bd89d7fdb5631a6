/**
 * What has become of tasks, as a store's tasks show it: nothing is written for that. Pushes are in the order of their ids.
 * Ends are in the order of their times, as each has the time at which its transaction held the lock; while a clock goes back,
 * or several ends have the same time, one may come with a time that has been passed. Where transactions write at the same
 * time, a store holds back what one that is under way may still come before.
 */
import type { TaskState } from "../task.ts";

/** So much of a reason an event has. */
export const EVENT_REASON_CHARACTERS = 200;

/** A task that was pushed or has ended. */
export interface EventTask {
  readonly id: number;
  readonly state: TaskState;
  readonly queue: string;
  readonly model: string;
  /** null: it calls a plain function. */
  readonly method: string | null;
  /** Its beginning. */
  readonly reason: string | null;
  /** When it was pushed or has ended, in ms since 1970 UTC. */
  readonly at: number;
}

export interface TaskEventsQuery {
  /** The id of the last push that is known. */
  readonly pushed: number;
  /** Known are these pushes, too. Default: none. */
  readonly seen?: SeenPushes | null;
  /** Ends from this time on, in ms since 1970 UTC, and up to the second one. */
  readonly endedFrom: number;
  readonly endedUntil: number;
  /** Of these tasks the end is known. */
  readonly known: readonly number[];
  /** At most so many pushes, and so many ends. */
  readonly limit: number;
}

/** Pushes that were committed at a moment at which others with lower ids were not. */
export interface SeenPushes {
  /** All up to this id are, */
  readonly upTo: number;
  /** but for these. */
  readonly missing: readonly number[];
}

export interface TaskEvents {
  readonly pushed: readonly EventTask[];
  readonly ended: readonly EventTask[];
}

export interface TaskEventStore {
  /** The first changes of a query. */
  read(query: TaskEventsQuery): Promise<TaskEvents>;
  /** Counts all of them, up to the limit of each. */
  count(query: TaskEventsQuery): Promise<{ readonly pushed: number; readonly ended: number }>;
  /** The place behind all pushes, and all ends up to this time. */
  last(endedUntil: number): Promise<LastTaskEvents>;
}

export interface LastTaskEvents {
  /** The last push: that before which no other one can still appear; and the last time of an end; 0: there is none. */
  readonly pushed: number;
  readonly endedAt: number;
  /** Tasks that ended at that time: others still may. */
  readonly known: readonly number[];
  /** The highest id of a push. */
  readonly highest: number;
  /** The other events that are committed behind this place, while something before it is not; null: nothing. */
  readonly beyond: { readonly pushes: SeenPushes; readonly ends: readonly TaskEnd[] } | null;
}

export interface TaskEnd {
  readonly id: number;
  readonly at: number;
}
