/**
 * The main thread looks at what its threads do, without a message from them: a list of rules says which tasks hold
 * up others, and tasks that were cancelled while they run are ended.
 */
import type { Config } from "../settings/config.ts";
import { formatDuration } from "../values/duration.ts";
import type { Report } from "../log/events.ts";
import type { Store } from "../store/store.ts";
import type { Claim } from "../task.ts";
import type { PoolThread } from "./pool-thread.ts";

/** A task that holds the write lock for longer is named in the log. */
const LONG_LOCK_MS = 1_000;

/** A quick method that holds up its batch for longer is ended, to run alone. */
const LONG_BATCH_MS = 400;

/** The most that one look adds: this process may have been stopped meanwhile, its threads with it. */
const LONGEST_LOOK_MS = 300;

type Limits = Pick<Config["worker"], "lock_timeout">;

/** A thread, as one look sees it. */
interface Look {
  readonly thread: PoolThread;
  /** Its run keeps others waiting: earlier runs of its batch, whose commit waits for it, or every other writer. */
  readonly holdsUpBatch: boolean;
  readonly holdsLock: boolean;
  /** The task that runs; null: none, or what holds the lock was left behind by an earlier one. */
  readonly claim: Claim | null;
  /** For how many ms this same run was seen to hold up others; 0: it does not, or not yet. */
  readonly held: number;
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
  | { readonly do: "end"; readonly reason: string };

type Rule = (look: Look, limits: Limits) => Verdict | null;

/** A run in a batch is expected to be quick: it soon gives way, and nothing is held against its task. */
function heldUpBatch({ thread, holdsUpBatch, held }: Look): Verdict | null {
  if (!holdsUpBatch || thread.endReason !== null || held < LONG_BATCH_MS) return null;
  const longest = formatDuration(LONG_BATCH_MS);
  return { do: "give way", reason: `it held up its batch for over ${longest}: it runs alone` };
}

/** A transaction that outlives its task still holds the lock: no task is to blame. */
function lockLeftBehind(look: Look, { lock_timeout: limit }: Limits): Verdict | null {
  const { thread, claim, held } = look;
  if (!keepsLock(look) || claim !== null || thread.endReason !== null) return null;
  if (limit === 0 || held < limit) return null;
  const reason = `Thread ${thread.number} is replaced: something that one of its tasks left behind has held the write lock for over ${formatDuration(limit)}`;
  return { do: "replace", reason };
}

function longLock(look: Look): Verdict | null {
  const { thread, claim, held } = look;
  if (!keepsLock(look) || claim === null || thread.hold.named) return null;
  return held < LONG_LOCK_MS ? null : { do: "name", claim };
}

function lockTimeout(look: Look, { lock_timeout: limit }: Limits): Verdict | null {
  const { thread, claim, held } = look;
  if (!keepsLock(look) || claim === null || thread.toBlame) return null;
  if (limit === 0 || held < limit) return null;
  return { do: "end", reason: `it held the write lock for over ${formatDuration(limit)}` };
}

/** A batch gives way first; it is stopped like any other run when it stays in a native call. */
function keepsLock({ thread, holdsUpBatch, holdsLock }: Look): boolean {
  return holdsLock && !(holdsUpBatch && thread.endReason === null);
}

/** A thread is looked at by all of them, in this order. */
const RULES: readonly Rule[] = [heldUpBatch, lockLeftBehind, longLock, lockTimeout];

/** Names and ends the tasks that hold up others for long. Call it at each tick. */
export function watchThreads(
  threads: readonly PoolThread[],
  limits: Limits,
  report: Report,
  now = performance.now(),
): void {
  for (const thread of threads) {
    const look = lookAt(thread, now);
    const verdicts = RULES.map((rule) => rule(look, limits)); // before the first one is carried out
    for (const verdict of verdicts) if (verdict) carryOut(verdict, look, report);
  }
}

function lookAt(thread: PoolThread, now: number): Look {
  const { progress } = thread;
  const { holdsUpBatch } = progress;
  const holdsLock = progress.lock === "held";
  const isLeft = !holdsUpBatch && progress.lockIsLeft;
  const claim = isLeft ? null : progress.running();
  // A transaction that was left behind keeps the lock through the tasks that begin meanwhile.
  const sequence = isLeft ? progress.lockSequence : progress.sequence;
  const held = measureHold(thread, holdsUpBatch || holdsLock ? sequence : null, now);
  return { thread, holdsUpBatch, holdsLock, claim, held };
}

/** @param sequence the run that holds up others; null: none does. */
function measureHold(thread: PoolThread, sequence: number | null, now: number): number {
  const { hold } = thread;
  if (sequence === null || sequence !== hold.sequence) {
    thread.hold = { sequence: sequence ?? -1, seen: now, held: 0, named: false };
    return 0;
  }
  hold.held += Math.min(now - hold.seen, LONGEST_LOOK_MS);
  hold.seen = now;
  return hold.held;
}

function carryOut(verdict: Verdict, { thread, held }: Look, report: Report): void {
  switch (verdict.do) {
    case "name":
      thread.hold.named = true;
      report({ name: "lock.held", task: verdict.claim.id, thread: thread.number, duration: held });
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
  }
}

/**
 * Ends threads whose running tasks were cancelled: such a run commits nothing. A run that has just committed has lost its
 * claim too, until its thread notes the end; so a thread is ended only where the next tick finds the same run.
 */
export async function endCancelled(
  threads: readonly PoolThread[],
  store: Store,
  report: Report,
): Promise<void> {
  for (const thread of threads) {
    const { sequence } = thread.progress;
    const claim = thread.progress.running();
    const isSameAsBefore = sequence === thread.seenAtTick;
    thread.seenAtTick = sequence;
    // Only runs that outlast a tick are worth a question to the store.
    if (!claim || !isSameAsBefore || thread.endReason !== null) continue;
    if ((await store.stillHeld([claim])).length > 0) continue;
    if (thread.progress.sequence !== sequence) continue; // the run ended while the store answered
    if (thread.lostAtTick !== sequence) {
      thread.lostAtTick = sequence;
      continue;
    }
    const reason = "its claim was lost: the task was cancelled";
    report({ name: "task.cancelled", task: claim.id, reason });
    void thread.terminate(reason);
  }
}
