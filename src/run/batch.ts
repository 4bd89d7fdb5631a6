/** Runs quick tasks together: one transaction, a savepoint each, settled and committed with the next claim. */
import { monotonicNow } from "../clock.ts";
import { isContention, TqError } from "../errors.ts";
import { Unit } from "../transaction/unit.ts";
import type { Outcome } from "../outcome.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";
import { type Soon, soon } from "../soon.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import { finishAlone } from "./alone.ts";
import {
  begin,
  type Begun,
  decodeAhead,
  type Ended,
  endingOf,
  note,
  readAhead,
  rejectionsTold,
} from "./attempt.ts";
import { waitInPlace } from "./backoff.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";

/**
 * Runs quick tasks in one transaction, a savepoint each. The batch ends early when the main thread takes claims back,
 * or when a run waits after all, for something other than the store.
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
  session.shareTransactions?.();
  const batch = new Batch(thread, session, tasks);
  /** The tasks whose claims are this batch's: fewer once the main thread has taken some back. */
  let own = tasks;
  let metAnother = false;
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
      if (session.writing) progress.assignLock();
      // In a savepoint `locked` begins the batch's transaction at the first read; it does not lock each row.
      const unit = new Unit(thread, { session, locked: true, savepoint: true, claim: task });
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
        await unit.closeSavepoint(false);
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
    if ((metAnother || isContention(error)) && session.transactionNumber === 1) {
      // Nothing of it is committed: its tasks run again at once, and fewer together.
      noteContention(thread, tasks, true);
      await session.rollback();
      const mine = [...own, ...(end ?? roundEnd()).handBack];
      const held = new Set<Claim>(await store.stillHeld(mine)); // the main thread may have taken some back
      return mine.filter((task) => held.has(task));
    }
    // All other work is rolled back. Each task runs alone next time, so that one of them cannot undo the others again.
    for (const task of tasks) thread.methods.of(task).startOver();
    throw error;
  } finally {
    await store.release(session);
    progress.end();
  }
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

interface EndedInBatch extends Ended {
  /** The text of its output; null: it has said nothing. */
  readonly said: string | null;
}

/** The runs of one transaction, and how each ended. */
class Batch {
  readonly #thread: ThreadRuntime;
  readonly #session: Session;
  readonly #tasks: readonly ClaimedTask[];
  readonly #settled: { ended: Ended; kept: boolean; transactionNumber: number }[] = [];
  /** Runs that ended without an open transaction: they are settled once there is one. */
  #unsettled: EndedInBatch[] = [];
  /** The claims that are lost, and the transaction during which no other can be. */
  #lost: { readonly claims: readonly Claim[]; readonly transactionNumber: number } | null = null;
  /** How many transactions of the session had been undone before this batch. */
  readonly #undone: number;

  constructor(thread: ThreadRuntime, session: Session, tasks: readonly ClaimedTask[]) {
    this.#thread = thread;
    this.#session = session;
    this.#tasks = tasks;
    this.#undone = session.transactionsUndone;
  }

  add(begun: Begun): Soon<void> {
    const outcome = Bun.peek(begun.outcome);
    return soon(outcome, (ended) => this.#end(begun, postponeOutsideBatch(ended)));
  }

  #end({ task, unit, runs, started }: Begun, outcome: Outcome): Soon<void> {
    const duration = monotonicNow() - started;
    const said = this.#thread.output.take(task);
    const ended = { task, unit, outcome, runs, started, duration, said };
    this.#checkKept();
    if (this.#session.writing) return this.#settle(ended);
    this.#unsettled.push(ended);
    return unit.end();
  }

  /** A run may commit in its middle: where that fails, the runs before it are rolled back with it. */
  #checkKept(): void {
    if (this.#session.transactionsUndone === this.#undone || this.#settled.length === 0) return;
    throw new TqError("conflict", "Cannot settle a batch: a commit of one of its runs was refused");
  }

  #settle(ended: EndedInBatch): Soon<void> {
    const settling = this.#settleRun(ended);
    return ended.said === null ? settling : soon(settling, () => this.#keepSaid(ended));
  }

  /** Call it once the run is settled. */
  async #keepSaid({ task, said }: EndedInBatch): Promise<void> {
    if (said === null) return;
    const isKept = this.#settled.at(-1)?.kept === true;
    await this.#session[isKept ? "keepOutput" : "keepCancelled"](task.id, task.attempt, said);
  }

  #settleRun(ended: Ended): Soon<void> {
    const { task, unit, outcome } = ended;
    if (outcome.kind !== "finished") return this.#settleUnfinished(ended);
    return soon(this.#lostNow(), (lost) => {
      const kept = !lost.includes(task);
      return soon(unit.closeSavepoint(kept), () => {
        if (kept) this.#session.finishAtCommit(task, outcome.result, outcome.reason);
        this.#settled.push({ ended, kept, transactionNumber: this.#session.transactionNumber });
      });
    });
  }

  async #settleUnfinished(ended: Ended): Promise<void> {
    const { task, unit, outcome } = ended;
    await unit.closeSavepoint(false);
    const kept = await this.#session.settle(task, outcome);
    this.#settled.push({ ended, kept, transactionNumber: this.#session.transactionNumber });
  }

  /** Reads once for each transaction: while it has the write lock, no claim can be lost. */
  #lostNow(): Soon<readonly Claim[]> {
    const { transactionNumber } = this.#session;
    if (this.#lost?.transactionNumber === transactionNumber) return this.#lost.claims;
    return this.#session.lostClaims(this.#tasks).then((claims) => {
      this.#lost = { claims, transactionNumber };
      return claims;
    });
  }

  /** @param onVisible called once other connections see the commit: the runs are over, though the flush may still run. */
  async commit(end: RoundEnd, onVisible?: () => void): Promise<ClaimedTask[]> {
    await this.#session.begin();
    for (const ended of this.#unsettled) {
      const settling = this.#settle(ended);
      if (settling) await settling;
    }
    this.#unsettled = [];
    const ending = endingOf(this.#thread, this.#session, end);
    const next = await this.#session.commit(ending, onVisible);
    this.#thread.counters?.committed(this.#thread.store.now());
    for (const { ended, kept } of this.#settled.splice(0)) {
      const noting = note(this.#thread, ended, kept);
      if (noting) await noting;
    }
    return next;
  }

  /** After the batch failed: a run that committed in its middle has committed the runs before it too. */
  async noteCommitted(): Promise<void> {
    const { transactionNumber, writing, transactionsUndone } = this.#session;
    const lastIsKept = !writing && transactionsUndone === this.#undone;
    this.#thread.counters?.committed(this.#thread.store.now());
    for (const { ended, kept, transactionNumber: own } of this.#settled) {
      if (own < transactionNumber || lastIsKept) await note(this.#thread, ended, kept);
    }
  }
}

/**
 * A batch holds the write lock, so it must not retry in place: the task is put off by 20 ms. A task that was put
 * off is claimed with `again` set, so the loop runs it alone.
 */
function postponeOutsideBatch(outcome: Outcome): Outcome {
  return outcome.kind === "postponed" ? { ...outcome, delay: waitInPlace(1) } : outcome;
}
