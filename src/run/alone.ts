/** Runs one task by itself, settles it, and makes the next claim in the same commit. */
import { monotonicNow, sleep } from "../clock.ts";
import { Unit } from "../transaction/unit.ts";
import { isTqError } from "../errors.ts";
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
    const run = await tryInPlace(thread, session, begun);
    const said = thread.output.take(run.task);
    const { ended, kept, next } = await settleAlone(thread, session, { run, said }, roundEnd());
    thread.counters?.committed(thread.store.now());
    if (kept && ended.outcome.kind === "finished") noteRoom(thread);
    await note(thread, ended, kept);
    if (kept && session.followUps.length > 0) thread.pushed?.(session.followUps);
    return next;
  } finally {
    await thread.store.release(session);
    thread.progress.end();
  }
}

/** A run that is to be settled, and the text of its output; null: it has said nothing. */
interface Unsettled {
  readonly run: Ended;
  readonly said: string | null;
}

interface SettledRun {
  readonly ended: Ended;
  /** False where the claim was lost: nothing of the run is kept. */
  readonly kept: boolean;
}

interface Settled extends SettledRun {
  readonly next: ClaimedTask[];
}

/**
 * Settles the run and commits. Where others write at the same time, the commit alone may find that the run cannot be
 * settled, or that its claim was lost.
 *
 * @throws where the database refuses every transaction.
 */
async function settleAlone(
  thread: ThreadRuntime,
  session: Session,
  unsettled: Unsettled,
  end: RoundEnd,
): Promise<Settled> {
  const commit = async (settled: SettledRun) => ({
    ...settled,
    next: await session.commit(endingOf(thread, session, end), () => thread.progress.end()),
  });
  const settled = await settleOrPutOff(session, unsettled);
  const isSettled = session.steady || !settled.kept;
  try {
    return await commit(settled);
  } catch (error) {
    if (isSettled) throw error;
    noteFull(thread, toErrorData(error));
    const isUncertain = isTqError(error) && error.code === "uncertain";
    const putBack = await putOff(session, unsettled, isUncertain ? error.cause : error);
    if (isUncertain && !putBack.kept) throw error; // the server may have stored it, and only its answer was lost
    return commit(putBack);
  }
}

/** A run may leave a transaction that cannot go on, ended by its own SQL or by the disk. */
async function settleOrPutOff(session: Session, unsettled: Unsettled): Promise<SettledRun> {
  const { run } = unsettled;
  await session.begin();
  try {
    if (await settle(session, run, unsettled.said)) return { ended: run, kept: true };
  } catch (error) {
    return putOff(session, unsettled, error);
  }
  return lose(session, unsettled);
}

/** Undoes the work of the run, and puts its task off. */
async function putOff(session: Session, unsettled: Unsettled, error: unknown): Promise<SettledRun> {
  const { run, said } = unsettled;
  await session.rollback();
  await session.begin();
  const postponed = { kind: "postponed", delay: 0, error: toErrorData(error) } as const; // the next line sets the delay
  const ended = { ...run, outcome: laterOrNever(run.task, postponed) };
  const kept = await session.settle(run.task, ended.outcome);
  if (!kept) return lose(session, unsettled);
  if (said !== null) await session.keepOutput(run.task.id, run.task.attempt, said);
  return { ended, kept };
}

async function lose(session: Session, { run, said }: Unsettled): Promise<SettledRun> {
  await session.rollback();
  if (said !== null) await keepLost(session, run.task, said);
  return { ended: run, kept: false };
}

/** @returns false where the claim was lost, as far as that is known */
async function settle(
  session: Session,
  { task, outcome }: Ended,
  said: string | null,
): Promise<boolean> {
  if (outcome.kind === "finished" && !session.steady) {
    session.finishAtCommit(task, outcome.result, outcome.reason);
  } else if (!(await session.settle(task, outcome))) return false;
  if (said !== null) await session.keepOutput(task.id, task.attempt, said);
  return true;
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
    const isFull = noteFull(thread, outcome.error);
    if (outside || tries === config.database.retry)
      return { ...ended, outcome: laterOrNever(task, outcome) };
    if (!isFull) sayAgain(thread, task, outcome.error);
    if (!unit.stale) await sleep(waitInPlace(tries + 1));
    // A run that takes the lock at its start sees no change by others.
    const nextUnit = new Unit(thread, { session, locked: unit.stale, claim: task });
    begun = { ...(await begin(thread, task, nextUnit)), started };
  }
}

/** The threads whose runs were undone by a full disk of the server. */
const full = new WeakSet<ThreadRuntime>();

/** @returns true where the log says so, once for all threads and runs */
function noteFull(thread: ThreadRuntime, error: ErrorData): boolean {
  if (error.code !== "full" || !thread.outage) return false;
  full.add(thread);
  thread.outage(error);
  return true;
}

function noteRoom(thread: ThreadRuntime): void {
  if (full.delete(thread)) thread.outage?.(null);
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
