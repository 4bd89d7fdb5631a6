/**
 * A queue in memory: the life of a task, without SQL, threads or files.
 *
 *   push ─▶ scheduled ──due──▶ ready ──claim──▶ running ──▶ finished | failed | cancelled
 *               ▲                ▲                 │
 *               └ put off, retry, snooze ─┴── hand back, interrupt, crash, death of its worker
 */
import type { Claim } from "../../../src/task.ts";
import {
  type ModelError,
  type ModelPush,
  type ModelTask,
  NOT_HELD,
  UNTOUCHED,
} from "./model-task.ts";

export class QueueModel {
  now: number;
  readonly tasks = new Map<number, ModelTask>();
  readonly workers = new Map<string, { readonly boot: string; alive: boolean }>();
  errors: ModelError[] = [];

  constructor(now: number) {
    this.now = now;
  }

  copy(): QueueModel {
    const copy = new QueueModel(this.now);
    for (const [id, task] of this.tasks) copy.tasks.set(id, { ...task });
    for (const [id, worker] of this.workers) copy.workers.set(id, { ...worker });
    copy.errors = this.errors.map((error) => ({ ...error }));
    return copy;
  }

  /** False when a ref is taken: then none of the tasks is stored. */
  accepts(list: readonly ModelPush[]): boolean {
    const refs = [...this.tasks.values(), ...list].flatMap(({ ref }) => ref ?? []);
    return new Set(refs).size === refs.length;
  }

  push(id: number, { queue, priority, scheduledAt, expectedAt, ref }: ModelPush): void {
    this.tasks.set(id, {
      id,
      state: scheduledAt !== null && scheduledAt > this.now ? "scheduled" : "ready",
      queue,
      priority,
      deadline: expectedAt ?? scheduledAt ?? this.now,
      ref,
      enqueued_at: this.now,
      scheduled_at: scheduledAt,
      expected_at: expectedAt,
      ...UNTOUCHED,
    });
  }

  /** Suspects come first, one at a time and one a worker; then whatever is first, up to `limit`. */
  claim(worker: string, thread: number, queues: readonly string[], limit: number): ModelTask[] {
    for (const task of this.tasks.values()) if (this.#isDue(task)) task.state = "ready";
    const ready = this.ready(queues);
    const suspects = this.runsSuspect(worker) ? [] : ready.filter(({ suspect }) => suspect);
    const chosen = suspects.length > 0 ? suspects.slice(0, 1) : healthy(ready).slice(0, limit);
    for (const task of chosen) this.#run(task, worker, thread);
    return chosen;
  }

  /** Claims this one, due or not. */
  claimOne(id: number, worker: string, thread: number): ModelTask | null {
    const task = this.tasks.get(id);
    if (!task || (task.state !== "ready" && task.state !== "scheduled")) return null;
    this.#run(task, worker, thread);
    return task;
  }

  /** Higher priority first, then the earliest deadline, then the oldest. */
  ready(queues: readonly string[]): ModelTask[] {
    return [...this.tasks.values()]
      .filter(({ state, queue }) => state === "ready" && isWanted(queues, queue))
      .sort((a, b) => b.priority - a.priority || a.deadline - b.deadline || a.id - b.id);
  }

  /** How many of these the worker could claim now; any number of suspects counts as one. */
  countReady(queues: readonly string[], worker: string | null): number {
    const ready = this.ready(queues);
    const suspects = ready.length - healthy(ready).length;
    const mayRunSuspect = worker === null || !this.runsSuspect(worker);
    return healthy(ready).length + (suspects > 0 && mayRunSuspect ? 1 : 0);
  }

  runsSuspect(worker: string): boolean {
    return this.heldBy(worker).some(({ begun }) => begun);
  }

  heldBy(worker: string): ModelTask[] {
    return [...this.tasks.values()].filter((task) => task.worker === worker);
  }

  holds({ id, claim }: Claim): ModelTask | null {
    const task = this.tasks.get(id);
    return task?.state === "running" && task.claim === claim ? task : null;
  }

  // What ends a run. Without the claim nothing changes.

  /** As if it had not been claimed: no attempt. */
  handBack(run: Claim): boolean {
    return this.#leave(run, (task) => {
      const later = task.scheduled_at !== null && task.scheduled_at > this.now;
      Object.assign(task, { state: later ? "scheduled" : "ready", dequeued_at: null });
    });
  }

  finish(run: Claim, result: string | null): boolean {
    return this.#attempted(run, (task) => this.#end(task, { state: "finished", result }));
  }

  fail(run: Claim, message: string): boolean {
    return this.#attempted(run, (task) => {
      task.failures += 1;
      this.#end(task, { state: "failed", reason: `Error: ${message}` });
      this.#record(task, message);
    });
  }

  /** A busy database put it off: no attempt of its policy is used up. */
  putOff(run: Claim, delay: number, message: string): boolean {
    return this.#attempted(run, (task) => {
      this.#runLater(task, delay, `Error: ${message}`);
      this.#record(task, message);
    });
  }

  retry(run: Claim, delay: number, message: string): boolean {
    return this.#attempted(run, (task) => {
      task.failures += 1;
      this.#runLater(task, delay, `Error: ${message}`);
      this.#record(task, message);
    });
  }

  snooze(run: Claim, delay: number, reason: string): boolean {
    return this.#attempted(run, (task) => {
      task.snoozes += 1;
      this.#runLater(task, delay, reason);
    });
  }

  /** The method cancels its own task. */
  cancelRun(run: Claim, reason: string): boolean {
    return this.#attempted(run, (task) => this.#end(task, { state: "cancelled", reason }));
  }

  /** Nobody's fault: a suspect stays one. */
  interrupt(run: Claim, reason: string): boolean {
    return this.#attempted(run, (task) => {
      Object.assign(task, { state: "ready", dequeued_at: null, reason });
    });
  }

  /** The run took its thread or its process with it. Too often: poison, set aside. */
  crash(run: Claim, reason: string, maxCrashes: number): boolean {
    return this.#attempted(run, (task) => {
      task.crashes += 1;
      this.#record(task, reason);
      if (task.crashes < maxCrashes) {
        Object.assign(task, { state: "ready", dequeued_at: null, suspect: 1, reason });
      } else {
        const times = task.crashes === 1 ? "1 crash" : `${task.crashes} crashes`;
        const set = `Set aside after ${times}: ${reason}`;
        this.#end(task, { state: "failed", reason: set });
      }
    });
  }

  // What a person does

  cancel(id: number, reason: string): boolean {
    const task = this.tasks.get(id);
    if (!task || task.finished_at !== null) return false;
    this.#end(task, { ...NOT_HELD, state: "cancelled", reason });
    return true;
  }

  /** The same task again: what it was is kept, but for its end and its crashes. */
  retryByHand(id: number): boolean {
    const task = this.tasks.get(id);
    const wasPutOff = task?.state === "scheduled" && task.postponed_at !== null;
    if (!task || (task.finished_at === null && !wasPutOff)) return false;
    const { scheduled_at: at, postponed_at: putOff } = task;
    const isEarly = task.state === "cancelled" && putOff === null && at !== null && at > this.now;
    const deadline = task.expected_at ?? (isEarly ? at : null) ?? task.enqueued_at;
    Object.assign(task, { deadline, crashes: 0, failures: 0, snoozes: 0 });
    if (isEarly) task.state = "scheduled";
    else Object.assign(task, { state: "ready", scheduled_at: this.now, postponed_at: this.now });
    Object.assign(task, { finished_at: null, dequeued_at: null, result: null, reason: null });
    return true;
  }

  isCleanable(task: ModelTask, finishedBefore: number, failedBefore: number): boolean {
    const before = task.state === "failed" ? failedBefore : finishedBefore;
    return task.finished_at !== null && task.finished_at < before && task.enqueued_at < before;
  }

  remove(id: number): void {
    this.tasks.delete(id);
    this.errors = this.errors.filter(({ task }) => task !== id);
  }

  // Death

  /** Which of its tasks killed the process nobody knows, but a suspect. A reboot is nobody's doing. */
  rescueWorker(worker: string, boot: string, maxCrashes: number): void {
    const registered = this.workers.get(worker);
    const rebooted = registered !== undefined && registered.boot !== boot;
    this.workers.delete(worker);
    for (const task of this.heldBy(worker)) {
      const run = { id: task.id, claim: task.claim };
      if (rebooted && task.begun) this.interrupt(run, "its machine went down");
      else if (rebooted) this.handBack(run);
      else if (task.begun) this.crash(run, "its worker process died", maxCrashes);
      else {
        const reason = "its worker process died";
        this.#leave(run, () =>
          Object.assign(task, { state: "ready", suspect: 1, dequeued_at: null, reason }),
        );
      }
    }
  }

  /** A thread's running task is known. It counts a crash unless the thread was ended on purpose. */
  rescueThread(
    { worker, thread }: { worker: string; thread: number },
    running: Claim | null,
    reason: string,
    maxCrashes: number | null,
  ): void {
    for (const task of this.heldBy(worker).filter((held) => held.thread === thread)) {
      const run = { id: task.id, claim: task.claim };
      if (running?.id !== run.id || running.claim !== run.claim) this.handBack(run);
      else if (maxCrashes === null) this.interrupt(run, reason);
      else this.crash(run, reason, maxCrashes);
    }
  }

  // The moves they are made of

  #isDue({ state, scheduled_at }: ModelTask): boolean {
    return state === "scheduled" && scheduled_at !== null && scheduled_at <= this.now;
  }

  #run(task: ModelTask, worker: string, thread: number): void {
    Object.assign(task, { state: "running", claim: task.claim + 1, worker, thread });
    Object.assign(task, { dequeued_at: this.now, begun: task.suspect, reason: null });
  }

  #leave(run: Claim, change: (task: ModelTask) => void): boolean {
    const task = this.holds(run);
    if (!task) return false;
    Object.assign(task, NOT_HELD);
    change(task);
    return true;
  }

  #attempted(run: Claim, change: (task: ModelTask) => void): boolean {
    return this.#leave(run, (task) => {
      task.attempts += 1;
      change(task);
    });
  }

  #runLater(task: ModelTask, delay: number, reason: string): void {
    Object.assign(task, { state: "scheduled", scheduled_at: this.now + delay });
    Object.assign(task, { postponed_at: this.now, dequeued_at: null, suspect: 0, reason });
  }

  #end(task: ModelTask, changes: Partial<ModelTask>): void {
    Object.assign(task, { finished_at: this.now, suspect: 0 }, changes);
  }

  #record({ id, attempts }: ModelTask, message: string): void {
    const error = this.errors.find((one) => one.task === id && one.message === message);
    if (error) Object.assign(error, { attempt: attempts, count: error.count + 1 });
    else this.errors.push({ task: id, message, attempt: attempts, count: 1 });
  }
}

function healthy(tasks: readonly ModelTask[]): ModelTask[] {
  return tasks.filter(({ suspect }) => !suspect);
}

function isWanted(patterns: readonly string[], queue: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matches(pattern, queue));
}

/** `*` is any run of characters, `?` is one. */
function matches(pattern: string, name: string): boolean {
  const [head, rest] = [pattern[0], pattern.slice(1)];
  if (head === undefined) return name === "";
  if (head === "*") return matches(rest, name) || (name !== "" && matches(pattern, name.slice(1)));
  return name !== "" && (head === "?" || head === name[0]) && matches(rest, name.slice(1));
}
