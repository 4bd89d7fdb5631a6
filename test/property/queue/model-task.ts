/** A task of the model of a queue, and what a push says of it. */
import type { TaskState } from "../../../src/task.ts";

/** What a push says of a task's place. */
export interface ModelPush {
  readonly queue: string;
  readonly priority: number;
  readonly scheduledAt: number | null;
  readonly expectedAt: number | null;
  readonly expiresAt: number | null;
  readonly ref: string | null;
}

/** Named as the columns of the table, to be compared with them. */
export interface ModelTask {
  readonly id: number;
  state: TaskState;
  readonly queue: string;
  readonly priority: number;
  deadline: number;
  readonly ref: string | null;
  enqueued_at: number;
  scheduled_at: number | null;
  expected_at: number | null;
  /** Its first run is to begin by then. */
  expires_at: number | null;
  /** When a run chose `scheduled_at`; null: the push did. */
  postponed_at: number | null;
  dequeued_at: number | null;
  finished_at: number | null;
  attempts: number;
  /** Attempts of its policy that were used up, since its push or its last retry by hand. */
  failures: number;
  snoozes: number;
  /** How often a busy database put it off. */
  postponed: number;
  crashes: number;
  /** Its worker died while it was claimed. */
  suspect: 0 | 1;
  /** Claimed as a suspect: the death of its worker now counts. */
  begun: 0 | 1;
  claim: number;
  worker: string | null;
  thread: number | null;
  result: string | null;
  reason: string | null;
}

/** The same error of a task is kept once. */
export interface ModelError {
  readonly task: number;
  readonly message: string;
  attempt: number;
  count: number;
}

export const NOT_HELD = { worker: null, thread: null, begun: 0 } as const;

export const UNTOUCHED = {
  ...NOT_HELD,
  postponed_at: null,
  dequeued_at: null,
  finished_at: null,
  attempts: 0,
  failures: 0,
  snoozes: 0,
  postponed: 0,
  crashes: 0,
  suspect: 0,
  claim: 0,
  result: null,
  reason: null,
} as const;
