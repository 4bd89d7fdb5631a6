/**
 * The main thread looks at what its threads do, without a message from them: a list of rules says which tasks hold
 * up others, and which take too long.
 */
import { monotonicNow } from "../clock.ts";
import type { Config } from "../settings/config.ts";
import { formatDuration } from "../values/duration.ts";
import type { Report } from "../log/events.ts";
import type { Claim } from "../task.ts";
import type { ErrorData, Outcome } from "../outcome.ts";
import { withTrouble } from "../run/policy-trouble.ts";
import { timeoutError, timeoutWords } from "../run/time-limit.ts";
import type { PoolThread, Watched } from "./pool-thread.ts";
import type { TimedOut } from "./rescued-tasks.ts";

/** A task that holds the write lock, or rows of a server, for longer is named in the log. */
const LONG_LOCK_MS = 1_000;

/** A quick method that holds up its batch for longer is ended, to run alone. */
const LONG_BATCH_MS = 400;

/** The most that one look adds: this process may have been stopped meanwhile, its threads with it. */
const LONGEST_LOOK_MS = 300;

interface Limits extends Pick<Config["worker"], "lock_timeout" | "timeout_grace"> {
  /** True: the database is a server, where a transaction that has begun to write keeps rows and not all of the database. */
  readonly isServer: boolean;
}

/** A thread, as one look sees it. */
interface Look {
  readonly thread: PoolThread;
  /** Its run keeps others waiting: earlier runs of its batch, whose commit waits for it, or every other writer. */
  readonly holdsUpBatch: boolean;
  readonly holdsLock: boolean;
  readonly awaitsLock: boolean;
  /** The task that runs; null: none, or what holds the lock was left behind by an earlier one. */
  readonly claim: Claim | null;
  /** For how many ms this same run was seen to hold up others; 0: it does not, or not yet. */
  readonly held: number;
  /** For how many ms this same run, which has a longest time, was seen to run; waits for the write lock are not in them. */
  readonly ran: number;
}

/** The answer of a rule that applies. */
type Verdict =
  /** The log names the task. */
  | { readonly do: "name"; readonly claim: Claim }
  /** The thread ends as soon as it is in no native call, and no task is to blame. */
  | { readonly do: "give way"; readonly reason: string }
  /** The thread ends, and no task is to blame. */
  | { readonly do: "replace"; readonly reason: string }
  /** The thread ends, and its task counts a crash. */
  | { readonly do: "end"; readonly reason: string }
  /** The thread ends, and its task is settled so. */
  | { readonly do: "time out"; readonly timedOut: TimedOut; readonly reason: string };

type Rule = (look: Look, limits: Limits) => Verdict | null;

/** A run in a batch is expected to be quick: it soon gives way, and nothing is held against its task. */
function heldUpBatch({ thread, holdsUpBatch, held }: Look): Verdict | null {
  if (!holdsUpBatch || thread.endReason !== null || held < LONG_BATCH_MS) return null;
  const longest = formatDuration(LONG_BATCH_MS);
  return { do: "give way", reason: `it held up its batch for over ${longest}: it runs alone` };
}

/** A transaction that outlives its task still holds the lock: no task is to blame. */
function lockLeftBehind(look: Look, { lock_timeout: limit, isServer }: Limits): Verdict | null {
  const { thread, claim, held } = look;
  if (!keepsLock(look) || claim !== null || thread.endReason !== null) return null;
  if (limit === 0 || held < limit) return null;
  const reason = `Thread ${thread.number} is replaced: something that one of its tasks left behind has ${heldWords(isServer)} for over ${formatDuration(limit)}`;
  return { do: "replace", reason };
}

function longLock(look: Look): Verdict | null {
  const { thread, claim, held } = look;
  if (!keepsLock(look) || claim === null || thread.hold.named) return null;
  return held < LONG_LOCK_MS ? null : { do: "name", claim };
}

function lockTimeout(look: Look, { lock_timeout: limit, isServer }: Limits): Verdict | null {
  const { thread, claim, held } = look;
  if (!keepsLock(look) || claim === null || thread.toBlame) return null;
  if (limit === 0 || held < limit) return null;
  return { do: "end", reason: `it ${heldWords(isServer)} for over ${formatDuration(limit)}` };
}

function heldWords(isServer: boolean): string {
  return isServer ? "kept a transaction open" : "held the write lock";
}

/** A batch gives way first; it is stopped like any other run when it stays in a native call. */
function keepsLock({ thread, holdsUpBatch, holdsLock }: Look): boolean {
  return holdsLock && !(holdsUpBatch && thread.endReason === null);
}

/** The thread told the run to end as its time was over, or could not: the run hangs. */
function timeIsOver(
  { thread, claim, ran, awaitsLock }: Look,
  { timeout_grace: grace }: Limits,
): Verdict | null {
  const { timeout } = thread.progress;
  if (timeout === null || claim === null || thread.endReason !== null) return null;
  if (awaitsLock) return null; // its time stands still
  if (ran < timeout.ms + grace) return null;
  const reason = timeoutWords(timeout.ms);
  const late = { name: "TimeoutError", message: reason, stack: null };
  const thrown = errorJudged(thread, claim);
  const error = thrown === null ? late : withTrouble(thrown, timeoutError(timeout.ms));
  const outcome: Outcome =
    timeout.retryAfter === null
      ? { kind: "failed", error }
      : { kind: "retry", delay: timeout.retryAfter, error };
  return { do: "time out", timedOut: { outcome, after: ran }, reason };
}

/** The error of the method, where the thread then hangs in a function of its policy. */
function errorJudged({ judging }: PoolThread, { id, claim }: Claim): ErrorData | null {
  return judging?.run.id === id && judging.run.claim === claim ? judging.error : null;
}

/** A thread is looked at by all of them, in this order. */
const RULES: readonly Rule[] = [heldUpBatch, lockLeftBehind, longLock, lockTimeout, timeIsOver];

/** Names and ends the tasks that hold up others for long. Call it at each tick. */
export function watchThreads(
  threads: readonly PoolThread[],
  limits: Limits,
  report: Report,
  now = monotonicNow(),
): void {
  for (const thread of threads) {
    const look = lookAt(thread, now);
    const verdicts = RULES.map((rule) => rule(look, limits)); // before the first one is carried out
    for (const verdict of verdicts) if (verdict) carryOut(verdict, look, limits, report);
  }
}

function lookAt(thread: PoolThread, now: number): Look {
  const { progress } = thread;
  const { holdsUpBatch, lock } = progress; // the lock before `awaited`, which a wait is added to as it ends
  const [holdsLock, awaitsLock] = [lock === "held", lock === "awaited"];
  const isLeft = !holdsUpBatch && progress.lockIsLeft;
  const claim = isLeft ? null : progress.running();
  // A transaction that was left behind keeps the lock through the tasks that begin meanwhile.
  const sequence = isLeft ? progress.lockSequence : progress.sequence;
  const { awaited } = progress;
  const look = { now, awaited };
  thread.hold = measured(thread.hold, holdsUpBatch || holdsLock ? sequence : null, look);
  thread.limited = measured(thread.limited, progress.timeout ? progress.sequence : null, look);
  const [{ held }, { held: seen, awaited: before }] = [thread.hold, thread.limited];
  const ran = Math.max(seen - (awaited - before), 0);
  return { thread, holdsUpBatch, holdsLock, awaitsLock, claim, held, ran };
}

/** @param sequence the run to measure; null: there is none. */
function measured(
  before: Watched,
  sequence: number | null,
  { now, awaited }: { readonly now: number; readonly awaited: number },
): Watched {
  if (sequence === null || sequence !== before.sequence) {
    return { sequence: sequence ?? -1, seen: now, held: 0, named: false, awaited };
  }
  const held = before.held + Math.min(now - before.seen, LONGEST_LOOK_MS);
  return { ...before, seen: now, held };
}

function carryOut(
  verdict: Verdict,
  { thread, held }: Look,
  { isServer }: Limits,
  report: Report,
): void {
  switch (verdict.do) {
    case "name":
      thread.hold = { ...thread.hold, named: true };
      report({
        name: "lock.held",
        task: verdict.claim.id,
        thread: thread.number,
        duration: held,
        kept: isServer ? "rows" : "write lock",
      });
      break;
    case "give way":
      thread.giveWay(verdict.reason);
      break;
    case "replace":
      report({ name: "log.note", level: "warn", message: verdict.reason });
      void thread.terminate(verdict.reason);
      break;
    case "end":
      thread.toBlame = true;
      void thread.terminate(verdict.reason);
      break;
    case "time out":
      thread.timedOut = verdict.timedOut;
      void thread.terminate(verdict.reason);
      break;
  }
}
