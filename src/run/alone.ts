/** Runs one task by itself, settles it, and makes the next claim in the same commit. */
import { monotonicNow, sleep } from "../clock.ts";
import { Unit } from "../transaction/unit.ts";
import { type ErrorData, toErrorData } from "../outcome.ts";
import type { Session } from "../store/session.ts";
import type { ClaimedTask } from "../task.ts";
import { begin, type Begun, type Ended, endingOf, note, rejectionsTold } from "./attempt.ts";
import { laterOrNever, waitInPlace } from "./backoff.ts";
import { sayable } from "./sayable.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";

/** Runs one task in a transaction of its own, which takes no lock before its first write. @returns the next claim */
export async function runAlone(
  thread: ThreadRuntime,
  task: ClaimedTask,
  roundEnd: () => RoundEnd,
): Promise<ClaimedTask[]> {
  const session = thread.store.session();
  const unit = new Unit(thread, { session, claim: task });
  return finishAlone(thread, session, await begin(thread, task, unit), roundEnd);
}

/** Waits for a run that has begun, outside any batch, and settles it. @returns the next claim */
export async function finishAlone(
  thread: ThreadRuntime,
  session: Session,
  begun: Begun,
  roundEnd: () => RoundEnd,
): Promise<ClaimedTask[]> {
  try {
    const { ended, kept } = await settleAlone(session, await tryInPlace(thread, session, begun));
    let next: ClaimedTask[] = [];
    const said = thread.output.take(ended.task);
    const { id, attempt } = ended.task;
    if (kept) {
      if (said !== null) await session.keepOutput(id, attempt, said);
      const ending = endingOf(thread, session, roundEnd());
      next = await session.commit(ending, () => thread.progress.end());
    } else {
      await session.rollback();
      if (said !== null) await keepLost(session, ended.task, said);
    }
    thread.counters?.committed(thread.store.now());
    await note(thread, ended, kept);
    if (kept && session.followUps.length > 0) thread.pushed?.(session.followUps);
    return next;
  } finally {
    await thread.store.release(session);
    thread.progress.end();
  }
}

/** Its words cannot be worth an error: nothing else of the run is kept. */
export async function keepLost(
  session: Session,
  { id, attempt }: ClaimedTask,
  said: string,
): Promise<void> {
  try {
    await session.begin();
    await session.keepCancelled(id, attempt, said);
    await session.commit();
  } catch {
    await session.rollback();
  }
}

/**
 * A run may leave a transaction that cannot go on, ended by its own SQL or by the disk: its work is rolled back, and
 * the task is put off.
 *
 * @throws where the database refuses every transaction.
 */
async function settleAlone(
  session: Session,
  ended: Ended,
): Promise<{ readonly ended: Ended; readonly kept: boolean }> {
  const { task, outcome } = ended;
  await session.begin();
  try {
    return { ended, kept: await session.settle(task, outcome) };
  } catch (error) {
    await session.rollback();
    await session.begin();
    const postponed = { kind: "postponed", delay: 0, error: toErrorData(error) } as const; // the next line sets the delay
    const later = { ...ended, outcome: laterOrNever(task, postponed) };
    return { ended: later, kept: await session.settle(task, later.outcome) };
  }
}

/**
 * Waits for the run. Runs the task again where the database was busy, or changed under it, unless its work would be
 * done twice.
 */
async function tryInPlace(thread: ThreadRuntime, session: Session, begun: Begun): Promise<Ended> {
  const { config } = thread;
  for (let tries = 0; ; tries++) {
    const { task, unit, runs, started, outside } = begun;
    const outcome = await begun.outcome;
    const duration = monotonicNow() - started;
    await unit.end();
    if (begun.waits) await rejectionsTold();
    const ended = { task, unit, outcome, runs, started, duration };
    if (outcome.kind === "finished") return ended;
    await session.rollback();
    if (outcome.kind !== "postponed") return ended;
    if (outside || tries === config.database.retry)
      return { ...ended, outcome: laterOrNever(task, outcome) };
    sayAgain(thread, task, outcome.error);
    if (!unit.stale) await sleep(waitInPlace(tries + 1));
    // A run that takes the lock at its start sees no change by others.
    const nextUnit = new Unit(thread, { session, locked: unit.stale, claim: task });
    begun = { ...(await begin(thread, task, nextUnit)), started };
  }
}

/** The row of the task shows nothing of it, and what the run did outside the database has been done. */
function sayAgain(
  { report, redaction }: Pick<ThreadRuntime, "report" | "redaction">,
  task: ClaimedTask,
  error: ErrorData,
): void {
  const { id, model, method } = task;
  const message = sayable(error.message, task, redaction);
  const words = `task ${id} (${model}.${method}) is run again at once, its work was undone: ${message}`;
  report({ name: "log.note", level: "info", message: words });
}
