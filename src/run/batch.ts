/** Runs quick tasks together: one transaction, settled and committed with the next claim. */
import { isContention, isTqError, messageOf } from "../errors.ts";
import { Unit } from "../transaction/unit.ts";
import type { Outcome } from "../outcome.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import { finishAlone } from "./alone.ts";
import { begin, type Begun, decodeAhead, readAhead, rejectionsTold } from "./attempt.ts";
import { Batch } from "./batch-transaction.ts";
import { sayable } from "./sayable.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";

/** The log names so many tasks of a batch that was undone; more are only counted. */
const MOST_NAMED = 20;

/**
 * Runs quick tasks in one transaction. The batch ends early when the main thread takes claims back, or when a run waits
 * after all, for something other than the store.
 *
 * Each run has a savepoint. On a server these cost more than all else, so runs go without them while none of their methods
 * had to be undone lately. When one must be undone after all, the whole batch is, and its tasks run again at once, in
 * savepoints.
 *
 * @param onWait called when a run waits, before the thread waits for it.
 * @returns the next claim.
 */
export async function runBatch(
  thread: ThreadRuntime,
  tasks: readonly ClaimedTask[],
  roundEnd: () => RoundEnd,
  onWait: () => void = () => {},
): Promise<ClaimedTask[]> {
  const { store, progress } = thread;
  const ahead = decodeAhead(thread, tasks);
  const session = store.session();
  const isTied =
    !store.traits.singleWriter && tasks.every((task) => thread.methods.of(task).isTrusted);
  session.shareTransactions?.({ savepoints: !isTied });
  const batch = new Batch(thread, session, tasks, isTied);
  /** The tasks whose claims are this batch's: fewer once the main thread has taken some back. */
  let own = tasks;
  let metAnother = false;
  let begunRuns = 0;
  let end: RoundEnd | null = null;
  try {
    let rest: readonly ClaimedTask[] = [];
    if (session.records.readAhead) await readAhead(session, ahead);
    for (const [index, task] of tasks.entries()) {
      // The caller began the first. Where one was taken back, so were all behind it: the main thread gives them back.
      if (index > 0 && !progress.begin(task)) {
        own = tasks.slice(0, index);
        break;
      }
      begunRuns = index + 1;
      if (session.writing) progress.assignLock();
      // `locked` begins the batch's transaction at the first read: as that is shared, it does not lock each row.
      const options = { locked: true, shared: true, savepoint: !isTied };
      const unit = new Unit(thread, { session, ...options, claim: task });
      progress.setRunInBatch(index + 1);
      const beginning = begin(thread, task, unit, ahead[index]);
      const begun = beginning instanceof Promise ? await beginning : beginning;
      progress.setRunInBatch(0);
      if (begun.waits) rest = tasks.slice(index + 1);
      if (begun.waits && !session.writing) {
        // It has no open transaction: the batch is settled without it, and it goes on alone.
        const alone = store.session();
        unit.detach(alone);
        await batch
          .commit({ handBack: [...rest, ...roundEnd().handBack], claimUpTo: 0 })
          .catch((error: unknown) => giveUp(store, alone, unit, error));
        onWait();
        return await finishAlone(thread, alone, begun, roundEnd);
      }
      if (begun.waits) onWait();
      if (!store.traits.singleWriter && isPostponed(begun)) {
        // What ran before it is committed, so that the row that it needs and theirs are free.
        metAnother = true;
        thread.output.take(task);
        await batch.undo(unit);
        rest = tasks.slice(index);
        break;
      }
      const added = batch.add(begun);
      if (added) await added;
      if (begun.waits) await rejectionsTold();
      if (session.spoilt) {
        // The tasks after it must not meet the changes that it made to the connection.
        thread.methods.of(task).startOver();
        rest = tasks.slice(index + 1);
      }
      if (begun.waits || session.spoilt) break;
    }
    end = roundEnd();
    const { handBack, claimUpTo } = end;
    const next = await batch.commit({ handBack: [...rest, ...handBack], claimUpTo }, () =>
      progress.end(),
    );
    if (!store.traits.singleWriter) noteContention(thread, tasks, metAnother);
    return next;
  } catch (error) {
    await batch.noteCommitted();
    metAnother ||= isContention(error);
    if ((metAnother || batch.isRefused(error)) && !batch.hasCommitted) {
      // Its tasks run again at once, in savepoints; where it met another fewer together.
      if (metAnother) noteContention(thread, tasks, true);
      for (const task of tasks) thread.methods.of(task).undone();
      await session.rollback();
      const mine = [...own, ...(end ?? roundEnd()).handBack];
      const held = new Set<Claim>(await store.stillHeld(mine)); // the main thread may have taken some back
      await batch.noteLost(held);
      return mine.filter((task) => held.has(task));
    }
    // All other work is rolled back. Each task runs alone next time, so that one of them cannot undo the others again.
    for (const task of tasks) thread.methods.of(task).startOver();
    sayUndone(thread, tasks.slice(0, begunRuns), error);
    throw error;
  } finally {
    await store.release(session);
    progress.end();
  }
}

/** Their rows show nothing of it, and what the runs did outside the database has been done. */
function sayUndone(
  { report, redaction }: ThreadRuntime,
  tasks: readonly ClaimedTask[],
  error: unknown,
): void {
  const names = tasks
    .slice(0, MOST_NAMED)
    .map(({ id, model, method }) => `${id} (${model}.${method})`);
  if (tasks.length > MOST_NAMED) names.push(`${tasks.length - MOST_NAMED} more`);
  const reason = tasks.reduce((words, task) => sayable(words, task, redaction), messageOf(error));
  const unless =
    isTqError(error) && error.code === "uncertain" ? " unless the database has stored it" : "";
  const message = `The work of these tasks was undone${unless}, and they run again, each alone: ${names.join(", ")}: ${reason}`;
  report({ name: "log.note", level: "info", message });
}

/** True where the run has settled, and met a row that another transaction held or had changed. */
function isPostponed({ outcome }: Begun): boolean {
  if (Bun.peek.status(outcome) !== "fulfilled") return false;
  return (Bun.peek(outcome) as Outcome).kind === "postponed";
}

/** Makes the next batches of these methods smaller, or larger. */
function noteContention(
  { methods }: ThreadRuntime,
  tasks: readonly ClaimedTask[],
  metAnother: boolean,
): void {
  for (const runs of new Set(tasks.map((task) => methods.of(task)))) {
    if (metAnother) runs.metAnother(tasks.length);
    else runs.metNobody();
  }
}

/** Ends a run that was to go on alone, after the batch's commit failed: its claim goes back, so it must not write. */
async function giveUp(store: Store, own: Session, unit: Unit, error: unknown): Promise<never> {
  const ending = unit.end();
  await store.release(own);
  await ending;
  throw error;
}
