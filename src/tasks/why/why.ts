/** Says in one sentence what a task is doing, or why it does not run, and the command that would change it. */
import type { Situation } from "../../store/situation.ts";
import { whyHeld } from "../../store/pause-words.ts";
import { formatDuration } from "../../values/duration.ts";
import { isExpiredReason } from "../../task.ts";
import { hasEnded } from "../end.ts";
import { progressWords } from "../progress-words.ts";
import { type Known, shortened, stoppedWhy, type Why, workerCommand } from "./explanation.ts";
import type { PolicyFacts } from "./policy-facts.ts";
import { lockedWhy } from "./locked.ts";
import { mayHaveExpired, waitingWhy, whyUnserved } from "./waiting.ts";

/** True where the sentence is better with `Known.policy`, which only the models may know. */
export function needsPolicy(situation: Situation): boolean {
  const { task, lastRun } = situation;
  if (mayHaveExpired(situation)) return true;
  if (task.state === "scheduled") return task.reason !== null && lastRun?.outcome === "failed";
  return task.state === "failed" && (task.failures > 1 || lastRun?.outcome === "failed");
}

export function whyOf(situation: Situation, known: Known): Why {
  const { task, run, now } = situation;
  if (hasEnded(task)) return ended(situation, known);
  if (task.state === "running") return run ? running(situation, run) : starting(situation);
  if (task.state === "scheduled" && (task.scheduled_at ?? 0) > now) return later(situation, known);
  return waitingWhy(situation, known);
}

function ended({ task, now, lastRun }: Situation, { policy }: Known): Why {
  const { id, state, reason, finished_at: at, dequeued_at: began, failures } = task;
  const ago = `${formatDuration(Math.max(now - (at ?? now), 0))} ago`;
  const why = reason === null ? "" : `: ${shortened(reason)}`;
  const again = { purpose: "run it again", command: `tq retry ${id}` };
  if (state === "finished") {
    const took =
      at !== null && began !== null ? ` after ${formatDuration(Math.max(at - began, 0))}` : "";
    return { cause: state, sentence: `Task ${id} finished ${ago}${took}${why}`, ...again };
  }
  if (state === "failed") {
    const isEarly = lastRun?.outcome === "failed" && policy !== null && failures < policy.attempts;
    const of = failures > 1 || isEarly ? `, at attempt ${ofWords(failures, policy)}` : "";
    const early = isEarly ? `; it was not tried again, ${policy.endsEarly}` : "";
    return { cause: "failed", sentence: `Task ${id} failed ${ago}${of}${why}${early}`, ...again };
  }
  if (isExpiredReason(reason) && task.attempts === 0) {
    const sentence = `Task ${id} expired: its first run had not begun in time, so it was cancelled ${ago}`;
    return { cause: "expired", sentence, ...again };
  }
  return { cause: "cancelled", sentence: `Task ${id} was cancelled ${ago}${why}`, ...again };
}

type Run = NonNullable<Situation["run"]>;

function running(situation: Situation, run: Run): Why {
  const { task, now, workers, stopped, locker = null } = situation;
  const { id, dequeued_at: began } = task;
  const owner = workers.find((one) => one.id === run.worker);
  if (!owner?.alive) return died(id, owner, workers);
  const since = formatDuration(Math.max(now - (began ?? now), 0));
  const process = `${owner.host} pid ${owner.pid}`;
  if (stopped.includes(owner.id))
    return stoppedWhy(id, `has run for ${since} on ${process}`, owner.pid);
  const place =
    owner.threads === 0 ? `in the program ${process}` : `on thread ${run.thread} of ${process}`;
  if (locker !== null) {
    return lockedWhy(id, `has run for ${since} ${place}, and waits for a row that`, locker);
  }
  const end = { purpose: "end it", command: `tq cancel ${id}` };
  if (run.others > 0 && !run.isHeard) {
    const others = run.others === 1 ? "1 other" : `${run.others} others`;
    const sentence = `Task ${id} was claimed ${since} ago ${place}, with ${others}: they run one after another`;
    return { cause: "claimed", sentence, ...end };
  }
  return {
    cause: "running",
    sentence: `Task ${id} has run for ${since} ${place}${heardWords(run, now)}`,
    ...end,
  };
}

function heardWords({ progress, lastLine }: Run, now: number): string {
  const last = progress ?? lastLine;
  if (last === null) return "";
  const words = progress ? progressWords(progress) : (lastLine?.text ?? "");
  return `, and said ${shortened(words)} ${formatDuration(Math.max(now - last.at, 0))} ago`;
}

/** The row has no owner: another process is just changing it. */
function starting({ task: { id } }: Situation): Why {
  const sentence = `Task ${id} is running`;
  return { cause: "running", sentence, purpose: "end it", command: `tq cancel ${id}` };
}

function died(
  id: number,
  owner: Situation["workers"][number] | undefined,
  workers: Situation["workers"],
): Why {
  const name = owner ? `${owner.host} pid ${owner.pid}` : "which is not registered any more";
  const isSeen = workers.some(({ alive, threads }) => alive && threads > 0);
  const sentence = `Task ${id} was claimed by a worker that has died (${name})`;
  if (isSeen) {
    const next = `${sentence}; another worker makes it ready again within 10 s`;
    return { cause: "died", sentence: next, purpose: null, command: null };
  }
  const next = `${sentence}, and no worker lives to make it ready again`;
  return { cause: "died", sentence: next, purpose: "start one", command: "tq worker" };
}

/** It waits for its time. */
function later(situation: Situation, known: Known): Why {
  const { task, now, putOff, lastRun } = situation;
  const { id, reason, failures } = task;
  const wait = formatDuration((task.scheduled_at ?? now) - now);
  const unserved = whyUnserved(situation, known);
  const held = whyHeld(situation.pauses, task, now);
  const also = [held, unserved].map((why) => (why === null ? "" : `; and ${why}`)).join("");
  const advice = (purpose: string, command: string) =>
    unserved === null
      ? { purpose, command }
      : { purpose: "start a worker for it", command: workerCommand(task) };
  if (!putOff || reason === null) {
    const sentence = `Task ${id} is scheduled: it is due in ${wait}${also}`;
    return { cause: "scheduled", sentence, ...advice("give it up", `tq cancel ${id}`) };
  }
  const advised = advice("run it now", `tq retry ${id}`);
  const after = `after ${shortened(reason)}${also}`;
  switch (lastRun?.outcome) {
    case "failed": {
      const attempt = `attempt ${ofWords(failures + 1, known.policy)}`;
      return {
        cause: "retry",
        sentence: `Task ${id} waits for ${attempt}, in ${wait}, ${after}`,
        ...advised,
      };
    }
    case "snoozed":
      return {
        cause: "snoozed",
        sentence: `Task ${id} was snoozed: it runs again in ${wait}, ${after}`,
        ...advised,
      };
    default: {
      const sentence = `Task ${id} was put off by an error of the database: it runs again in ${wait}, ${after}`;
      return { cause: "postponed", sentence, ...advised };
    }
  }
}

/** The policy may have changed since the worker started that runs the task. */
function ofWords(number: number, policy: PolicyFacts | null): string {
  if (policy === null) return `${number}`;
  const { attempts } = policy;
  return number > attempts
    ? `${number} (workers that start now allow ${attempts})`
    : `${number} of ${attempts}`;
}
