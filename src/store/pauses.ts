/** Pauses: the queues and methods of which no worker takes a task, for every store. */
import { matchesCall } from "../call-patterns.ts";
import { matches } from "../patterns.ts";
import { calledMethod, type TaskState } from "../task.ts";

export interface PauseTarget {
  /** "queue": the name or pattern of queues; "task": of methods, `model.method`, and of functions. */
  readonly kind: "queue" | "task";
  readonly name: string;
}

export interface NewPause extends PauseTarget {
  /** The person or program that pauses. */
  readonly by: string;
  readonly reason: string | null;
  /** When it ends by itself, in ms since 1970 UTC; null: when it is resumed. */
  readonly until: number | null;
}

export interface Pause extends NewPause {
  readonly since: number;
}

/** Pauses as a store keeps them: only those that are in force are told. */
export interface PauseStore {
  /** The pauses in force, the oldest first. */
  list(): Promise<Pause[]>;
  /** Pauses a queue or a method; of one that is paused already it changes by whom, why and until when. */
  pause(pause: NewPause): Promise<Pause>;
  /** Ends this pause, and no other that holds the same tasks. @throws TqError "not_found" where there is none. */
  resume(target: PauseTarget): Promise<Pause>;
  /** Ends all pauses; returns those that were in force. */
  resumeAll(): Promise<Pause[]>;
}

/** The columns of a task by which a pause holds it. */
export interface Pausable {
  readonly queue: string;
  readonly model: string;
  readonly method: string;
  readonly instances: unknown;
}

export function holds({ kind, name }: PauseTarget, task: Pausable): boolean {
  return kind === "queue"
    ? matches(name, task.queue)
    : matchesCall(name, task.model, calledMethod(task));
}

/** The pauses that hold a task: it waits for the end of each. */
export function pausesOf<P extends PauseTarget>(pauses: readonly P[], task: Pausable): P[] {
  return pauses.filter((pause) => holds(pause, task));
}

/** A task as lists show it: one that waits says whether it is paused. */
export function withPaused<T extends Pausable & { readonly state: TaskState }>(
  task: T,
  pauses: readonly PauseTarget[],
): T & { readonly paused?: boolean } {
  if (task.state !== "ready" && task.state !== "scheduled") return task;
  return { ...task, paused: pausesOf(pauses, task).length > 0 };
}

/** True where one of these pauses holds a whole queue. */
export function isQueuePaused(pauses: readonly PauseTarget[], queue: string): boolean {
  return pauses.some(({ kind, name }) => kind === "queue" && matches(name, queue));
}
