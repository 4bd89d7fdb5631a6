/** The events that report how a run ended. */
import type { Event, Report, TaskRun } from "../log/events.ts";
import { cut, type Outcome } from "../outcome.ts";
import { calledMethod, callWords, type ClaimedTask } from "../task.ts";

/** Reports how the run ended; call it once that is committed. */
export function reportOutcome(
  report: Report,
  task: ClaimedTask,
  outcome: Outcome,
  kept: boolean,
  duration: number,
): void {
  report(kept ? toEvent(runOf(task), outcome, duration) : late(runOf(task), outcome));
  if (kept && outcome.kind === "snoozed" && outcome.raised) warnOnce(report, task, outcome.raised);
}

/** The methods of a thread whose snooze was too short: the log says it once for each, as it comes back each second. */
const warned = new WeakMap<Report, Set<string>>();

function warnOnce(report: Report, task: ClaimedTask, raised: string): void {
  let methods = warned.get(report);
  if (!methods) warned.set(report, (methods = new Set()));
  const method = callWords(task);
  if (methods.has(method)) return;
  methods.add(method);
  const advice = `look at the time that ${method} gives to Snooze; this warning comes once`;
  report({
    name: "log.note",
    level: "warn",
    message: `task ${task.id} snoozes ${raised}; ${advice}`,
  });
}

function late(run: TaskRun, outcome: Outcome): Event {
  return { name: "task.late", ...run, outcome: outcome.kind };
}

/** The event of a run that has ended so. @param duration ms */
export function toEvent(run: TaskRun, outcome: Outcome, duration: number): Event {
  switch (outcome.kind) {
    case "finished":
      return { name: "task.finished", ...run, duration, reason: outcome.reason };
    case "failed":
      return { name: "task.failed", ...run, duration, error: outcome.error };
    case "retry":
      return { name: "task.retried", ...run, delay: outcome.delay, error: outcome.error };
    case "snoozed":
      return { name: "task.snoozed", ...run, delay: outcome.delay, reason: outcome.reason };
    case "cancelled": {
      // Where it never ran, the database takes back the run that the claim has counted.
      const attempt = run.attempt - (outcome.neverRan ? 1 : 0);
      return { name: "task.cancelled", ...run, attempt, reason: outcome.reason };
    }
    case "postponed":
      return { name: "task.postponed", ...run, delay: outcome.delay, error: outcome.error };
    case "interrupted":
      return { name: "task.interrupted", ...run, reason: outcome.reason };
  }
}

/** The fields of a task and its run in events. */
export interface RunRow extends Omit<TaskRun, "task"> {
  readonly id: number;
}

/** The most characters of a task's instances, and of its ref, in an event. */
const MOST_INSTANCES = 100;
const MOST_REF = 200;

/** The run of a task, as events carry it. */
export function runOf(task: ClaimedTask): TaskRun {
  const method = calledMethod(task);
  return toRun({ ...task, method, instances: method === null ? null : task.instances });
}

/** The run, with long texts cut. */
export function toRun({ id, attempt, model, method, queue, instances, ref }: RunRow): TaskRun {
  return {
    task: id,
    attempt,
    model,
    method,
    queue,
    instances: instances === null ? null : cut(instances, MOST_INSTANCES),
    ref: ref === null ? null : cut(ref, MOST_REF),
  };
}
