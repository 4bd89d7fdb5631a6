/** Says why a task that is due does not run yet. */
import { isWorker, untakenWords } from "../../store/live-workers.ts";
import type { Place, Situation } from "../../store/situation.ts";
import { resumeCommand, whyHeld } from "../../store/pause-words.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import { isRate } from "../../statistics/forecast.ts";
import { expiryOf, type Task } from "../../task.ts";
import { formatDuration } from "../../values/duration.ts";
import { lockedWhy } from "./locked.ts";
import { type Known, shortened, stoppedWhy, type Why, workerCommand } from "./explanation.ts";

/** Why no live worker would take the task; null: one does. */
export function whyUnserved({ task, workers }: Situation, { mode }: Known): string | null {
  const live = workers.filter((one) => one.alive && isWorker(one));
  if (live.length > 0) return untakenWords(task.queue, live);
  return mode === "worker"
    ? "no worker is running on this database"
    : "only tq worker runs it then, as queue.worker is false";
}

/** Its model may say so. Where a worker takes it, that soon knows. */
export function mayHaveExpired(situation: Situation): boolean {
  const { state, attempts, expires_at: at, scheduled_at: due } = situation.task;
  const isDue = state === "ready" || (state === "scheduled" && (due ?? 0) <= situation.now);
  return isDue && attempts === 0 && at === null && !hasTaker(situation);
}

function hasTaker({ task, workers }: Situation): boolean {
  const live = workers.filter((one) => one.alive && isWorker(one));
  return live.length > 0 && untakenWords(task.queue, live) === null;
}

export function waitingWhy(situation: Situation, known: Known): Why {
  const { task, now, place } = situation;
  const { id } = task;
  const expires = expiryOf(task, known.policy?.expires ?? null);
  if (expires !== null && expires <= now && task.attempts === 0) {
    const late = formatDuration(now - expires);
    const sentence = `Task ${id} expired ${late} ago, before its first run: the worker that takes it cancels it`;
    return { cause: "expired", sentence, purpose: "cancel it now", command: `tq cancel ${id}` };
  }
  const unserved = whyUnserved(situation, known);
  const held = paused(situation, unserved);
  if (held !== null) return held;
  if (unserved !== null) return notServed(situation, unserved, known);
  const { blocked = null } = situation;
  if (blocked !== null) return withoutDisk(task, blocked);
  const hindrance = hindered(situation);
  const { locker = null } = situation;
  if (hindrance === null && locker !== null) {
    return lockedWhy(id, "waits, and no worker takes it: its row is one that", locker);
  }
  if (hindrance !== null || place === null) return hindrance ?? next(task);
  return situation.suspect ? alone(task, place) : inLine(situation, place);
}

/** A pause comes before the absence of a worker: one that starts would not take the task. */
function paused({ task, pauses, now }: Situation, unserved: string | null): Why | null {
  const [first] = pauses;
  const why = whyHeld(pauses, task, now);
  if (!first || why === null) return null;
  const also = unserved === null ? "" : `; and ${unserved}`;
  return {
    cause: "paused",
    sentence: `Task ${task.id} waits: ${why}${also}`,
    purpose: pauses.length === 1 ? "let it go on" : "end the first pause",
    command: resumeCommand(first),
  };
}

function notServed(situation: Situation, unserved: string, { mode }: Known): Why {
  const { task, workers } = situation;
  const isAny = workers.some((one) => one.alive && isWorker(one));
  if (!isAny && mode === "no worker") return withoutWorker(situation);
  return {
    cause: isAny ? "unserved" : "no_worker",
    sentence: `Task ${task.id} waits: ${unserved}`,
    purpose: isAny ? "start a worker for it" : "start one",
    command: workerCommand(task),
  };
}

/** In the mode "no worker" a program runs what it pushes, once. */
function withoutWorker({ task, workers }: Situation): Why {
  const programs = workers.filter((one) => one.alive && !isWorker(one));
  const [first] = programs;
  const mayRun =
    first && task.attempts === 0
      ? `, and the one that pushed it may be about to (pid ${first.pid})`
      : "";
  return {
    cause: "no_worker",
    sentence: `Task ${task.id} waits for tq worker: queue.worker is false, so a program runs a task once, after its push${mayRun}`,
    purpose: "start one",
    command: workerCommand(task),
  };
}

/** More threads would run no more. */
function withoutDisk({ id }: Task, blocked: string): Why {
  return {
    cause: "trouble",
    sentence: `Task ${id} waits, as no task can run: ${blocked}`,
    purpose: "see all that is wrong",
    command: "tq status",
  };
}

/** Where none of the workers that take the task can: they have said why, or are stopped. */
function hindered({ task, workers, stopped }: Situation): Why | null {
  const takers = workers.filter(
    (one) => one.alive && isWorker(one) && takesQueue(one.queues, task.queue),
  );
  if (takers.some(({ id, trouble }) => trouble === null && !stopped.includes(id))) return null;
  const [first] = takers;
  if (!first) return null;
  if (first.trouble === null) {
    return stoppedWhy(task.id, `waits for its worker ${first.host} pid ${first.pid}`, first.pid);
  }
  return {
    cause: "trouble",
    sentence: `Task ${task.id} waits: its worker ${first.host} pid ${first.pid} can run no task: ${first.trouble}`,
    purpose: "see all that is wrong",
    command: "tq status",
  };
}

/** A suspect: the claims come one at a time. */
function alone({ id, reason }: Task, { ahead, suspects }: Place): Why {
  const after = reason === null ? "" : ` (${shortened(reason)})`;
  const head = `Task ${id} may have ended its worker${after}, so it waits for its turn to run without another such task`;
  const [first] = suspects;
  if (first !== undefined) {
    const sentence = `${head}: task ${first} has the turn`;
    return {
      cause: "suspect",
      sentence,
      purpose: "see what that one does",
      command: `tq why ${first}`,
    };
  }
  const sentence =
    ahead > 0 ? `${head}: ${ahead} of them come first` : `${head}: it is the next one`;
  return { cause: "suspect", sentence, purpose: null, command: null };
}

function inLine(situation: Situation, place: Place): Why {
  const { task, now } = situation;
  const { id } = task;
  const { ahead, isAll, threads, busy, longest } = place;
  if (ahead > 0) {
    const count = `${isAll ? "" : "at least "}${ahead} ready ${ahead === 1 ? "task" : "tasks"}`;
    const sentence = `Task ${id} waits behind ${count} of the queues of its worker${rateWords(place)}`;
    return { cause: "behind", sentence, purpose: "run more at once", command: workerCommand(task) };
  }
  if (busy < threads || longest === null) return next(task);
  const all =
    threads === 1 ? "the one thread of its worker" : `all ${threads} threads of its workers`;
  const are = threads === 1 ? "is" : "are";
  const since = formatDuration(Math.max(now - longest.dequeued_at, 0));
  const sentence = `Task ${id} is the next one, and ${all} ${are} busy: task ${longest.id} has run for ${since}`;
  return {
    cause: "busy",
    sentence,
    purpose: "see what that one does",
    command: `tq why ${longest.id}`,
  };
}

function next({ id }: Task): Why {
  const sentence = `Task ${id} is the next one that a thread takes`;
  return { cause: "next", sentence, purpose: null, command: null };
}

function rateWords({ ahead, isAll, ended, endedWithin }: Place): string {
  if (!isRate({ ended, within: endedWithin })) return "";
  const [amount = "", unit = ""] = formatDuration((ahead * endedWithin) / ended).split(" ");
  const about = `${isAll ? "about" : "at least"} ${Math.round(Number(amount))} ${unit}`;
  return `, at the rate of the last ${formatDuration(endedWithin)} for ${about}`;
}
