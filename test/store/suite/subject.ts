/** The store under test, new for each test, and short ways to use it. */
import { afterEach, beforeEach } from "bun:test";
import type { Store } from "../../../src/store/store.ts";
import type { Claim, TaskState } from "../../../src/task.ts";
import type { TestClock } from "../../support/clock.ts";
import { claim } from "../../support/store.ts";

/** A store under test. */
export interface Subject extends AsyncDisposable {
  readonly store: Store;
  readonly clock: TestClock;
  /** Another store on the same data, as another process has. */
  open(options?: { bootId?: string; durability?: "full" | "normal" }): Store;
  /** Kills the process of this worker: nothing is left of it but what the store keeps. */
  kill(worker: string): void | Promise<void>;
  /** How many transactions have been committed to it. */
  commits(): number | Promise<number>;
}

/** The subject of the test that runs. */
export let subject: Subject;
/** Its store. */
export let store: Store;
/** The clock of its store. */
export let clock: TestClock;

/** Gives each test of this group a subject of its own. */
export function renewSubject(make: () => Subject | Promise<Subject>): void {
  beforeEach(async () => {
    subject = await make();
    ({ store, clock } = subject);
  });
  afterEach(() => subject[Symbol.asyncDispose]());
}

export const ERROR = { name: "Error", message: "it broke", stack: "at line 7" };
/** A thread of another worker. */
export const OTHER = { worker: "worker-2", thread: 1 };

/** Above the highest that Linux gives: no process has it. */
export const NO_PID = 4_194_999;

export async function stateOf(id: number): Promise<TaskState | undefined> {
  return (await store.get(id))?.state;
}

export function finish(task: Claim, result: string | null = null): Promise<boolean> {
  return store.write((session) => session.settle(task, { kind: "finished", result, reason: null }));
}

export function fail(task: Claim, error = ERROR): Promise<boolean> {
  return store.write((session) => session.settle(task, { kind: "failed", error }));
}

export async function claimIds(options: Parameters<typeof claim>[1] = {}): Promise<number[]> {
  return (await claim(store, { limit: 1000, ...options })).map(({ id }) => id);
}

export function register(worker: string, threads = 2): Promise<void> {
  return store.register({ id: worker, pid: NO_PID, threads, queues: ["mail", "pdf*"] });
}
