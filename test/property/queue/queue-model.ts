/**
 * A queue in memory: the life of a task, without SQL, threads or files.
 *
 *   push ─▶ scheduled ──due──▶ ready ──claim──▶ running ──▶ finished | failed | cancelled
 *               ▲                ▲                 │
 *               └ put off, retry, snooze ─┴── hand back, interrupt, crash, death of its worker
 */
import type { AttemptOutcome, Claim } from "../../../src/task.ts";
import { ModelHistory } from "./model-history.ts";
import { isWanted } from "./model-patterns.ts";
import { repairTask, retryTask } from "./model-times.ts";
import { type ModelPush, type ModelTask, NOT_HELD, UNTOUCHED } from "./model-task.ts";

export class QueueModel {
  now: number;
  readonly tasks = new Map<number, ModelTask>();
  readonly workers = new Map<string, { readonly boot: string; alive: boolean }>();
  history = new ModelHistory();

  constructor(now: number) {
    this.now = now;
  }

  copy(): QueueModel {
    const copy = new QueueModel(this.now);
    for (const [id, task] of this.tasks) copy.tasks.set(id, { ...task });
    for (const [id, worker] of this.workers) copy.workers.set(id, { ...worker });
    copy.history = this.history.copy();
    return copy;
  }

  /** False when a ref is taken: then none of the tasks is stored. */
  accepts(list: readonly ModelPush[]): boolean {
    const refs = [...this.tasks.values(), ...list].flatMap(({ ref }) => ref ?? []);
    return new Set(refs).size === refs.length;
  }

  push(id: number, { queue, priority, scheduledAt, expectedAt, expiresAt, ref }: ModelPush): void {
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
      expires_at: expiresAt,
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
    return this.#leave(run, (task) => {
      task.attempts += 1;
      this.#end(task, { state: "finished", result, reason: null });
    });
  }

  fail(run: Claim, message: string): boolean {
    return this.#attempted(run, "failed", null, (task) => {
      task.failures += 1;
      this.#end(task, { state: "failed", reason: `Error: ${message}` });
      this.history.recordError(task, message);
    });
  }

  /** A busy database put it off: no attempt of its policy is used up. */
  putOff(run: Claim, delay: number, message: string): boolean {
    return this.#attempted(run, "postponed", null, (task) => {
      task.postponed += 1;
      this.#runLater(task, delay, `Error: ${message}`);
      this.history.recordError(task, message);
    });
  }

  retry(run: Claim, delay: number, message: string): boolean {
    return this.#attempted(run, "failed", null, (task) => {
      task.failures += 1;
      this.#runLater(task, delay, `Error: ${message}`);
      this.history.recordError(task, message);
    });
  }

  snooze(run: Claim, delay: number, reason: string): boolean {
    return this.#attempted(run, "snoozed", reason, (task) => {
      task.snoozes += 1;
      this.#runLater(task, delay, reason);
    });
  }

  /** The method cancels its own task. */
  cancelRun(run: Claim, reason: string): boolean {
    return this.#attempted(run, "cancelled", reason, (task) =>
      this.#end(task, { state: "cancelled", reason }),
    );
  }

  /** Nobody's fault: a suspect stays one. */
  interrupt(run: Claim, reason: string): boolean {
    return this.#attempted(run, "interrupted", reason, (task) => {
      Object.assign(task, { state: "ready", dequeued_at: null, reason });
    });
  }

  /** The run took its thread or its process with it. Too often: poison, set aside. */
  crash(run: Claim, reason: string, maxCrashes: number): boolean {
    return this.#attempted(run, "crashed", null, (task) => {
      task.crashes += 1;
      this.history.recordError(task, reason);
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
    if (task.state === "running") {
      this.history.record(task, "cancelled", reason, this.now);
      task.attempts += 1;
    }
    this.#end(task, { ...NOT_HELD, state: "cancelled", reason });
    return true;
  }

  retryByHand(id: number): boolean {
    const task = this.tasks.get(id);
    if (task?.state === "finished") this.history.recordFinished(task);
    return task !== undefined && retryTask(task, this.now);
  }

  isCleanable(task: ModelTask, finishedBefore: number, failedBefore: number): boolean {
    const before = task.state === "failed" ? failedBefore : finishedBefore;
    return task.finished_at !== null && task.finished_at < before && task.enqueued_at < before;
  }

  remove(id: number): void {
    this.tasks.delete(id);
    this.history.remove(id);
  }

  /** The clock was set back. @returns how many tasks had times that were ahead */
  repair(): number {
    return [...this.tasks.values()].filter((task) => repairTask(task, this.now)).length;
  }

  // Death

  /** Which of its tasks killed the process nobody knows, but a suspect. A reboot is nobody's doing. */
  rescueWorker(worker: string, boot: string, maxCrashes: number): void {
    const registered = this.workers.get(worker);
    const rebooted = registered !== undefined && registered.boot !== boot;
    this.workers.delete(worker);
    const held = this.heldBy(worker).map((task) => ({ ...task, task }));
    const reason = rebooted ? "its machine went down" : "its worker process died";
    for (const { id, claim, begun, thread, task } of held) {
      const run = { id, claim };
      const ran = begun || held.filter((one) => one.thread === thread).length === 1;
      const again = { state: "ready", suspect: 1, dequeued_at: null, reason };
      if (begun && !rebooted) this.crash(run, reason, maxCrashes);
      else if (rebooted) void (ran ? this.interrupt(run, reason) : this.handBack(run));
      else if (ran) this.#attempted(run, "interrupted", reason, () => Object.assign(task, again));
      else this.#leave(run, () => Object.assign(task, again));
    }
  }

  /**
   * A thread's running task is known. It counts a crash unless the thread was ended on purpose, or because the run took
   * too long, which `settle` says.
   */
  rescueThread(
    { worker, thread }: { worker: string; thread: number },
    running: Claim | null,
    reason: string,
    maxCrashes: number | null,
    settle: ((run: Claim) => void) | null = null,
  ): void {
    for (const task of this.heldBy(worker).filter((held) => held.thread === thread)) {
      const run = { id: task.id, claim: task.claim };
      if (running?.id !== run.id || running.claim !== run.claim) this.handBack(run);
      else if (settle) settle(run);
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
    Object.assign(task, { dequeued_at: this.now, begun: task.suspect });
  }

  #leave(run: Claim, change: (task: ModelTask) => void): boolean {
    const task = this.holds(run);
    if (!task) return false;
    Object.assign(task, NOT_HELD);
    change(task);
    return true;
  }

  /** @param reason null where the error of the run says it */
  #attempted(
    run: Claim,
    outcome: AttemptOutcome,
    reason: string | null,
    change: (task: ModelTask) => void,
  ): boolean {
    const held = this.holds(run);
    if (!held) return false;
    this.history.record(held, outcome, reason, this.now);
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
}

function healthy(tasks: readonly ModelTask[]): ModelTask[] {
  return tasks.filter(({ suspect }) => !suspect);
}
