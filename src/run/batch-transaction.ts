/** The transaction of a batch: settles its runs, and commits them. */
import { monotonicNow } from "../clock.ts";
import { isOperational, TqError } from "../errors.ts";
import type { Outcome } from "../outcome.ts";
import { type Soon, soon } from "../soon.ts";
import type { KeptOutput, Session } from "../store/session.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import type { Unit } from "../transaction/unit.ts";
import { keepLost } from "./alone.ts";
import { type Begun, type Ended, endingOf, note } from "./attempt.ts";
import { waitInPlace } from "./backoff.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";

const NONE: readonly Claim[] = [];

interface EndedInBatch extends Ended {
  /** The text of its output; null: it has said nothing. */
  readonly said: string | null;
}

/** The runs of one transaction, and how each ended. */
export class Batch {
  readonly #thread: ThreadRuntime;
  readonly #session: Session;
  readonly #tasks: readonly ClaimedTask[];
  readonly #isTied: boolean;
  #mustUndo = false;
  /** The output of its runs, to be kept with the commit. */
  readonly #said: KeptOutput[] = [];
  readonly #settled: { ended: EndedInBatch; kept: boolean; transaction: number }[] = [];
  /** Runs that ended without an open transaction: they are settled once there is one. */
  #unsettled: EndedInBatch[] = [];
  /** The claims that are lost, and the transaction during which no other can be. */
  #lost: { readonly claims: readonly Claim[]; readonly transaction: number } | null = null;
  /** How many transactions of the session were undone before this batch, or by itself. */
  #undone: number;

  /** @param isTied true: no run can be undone alone, and that no claim was lost is seen at the commit. */
  constructor(
    thread: ThreadRuntime,
    session: Session,
    tasks: readonly ClaimedTask[],
    isTied: boolean,
  ) {
    this.#thread = thread;
    this.#session = session;
    this.#tasks = tasks;
    this.#isTied = isTied;
    this.#undone = session.transactions.undone;
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
    if (this.#isTied && this.#session.unseenError) throw this.#session.unseenError.error;
    if (this.#session.transactions.undone === this.#undone || this.#settled.length === 0) return;
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
    if (isKept && this.#session.keepOutputs) {
      this.#said.push({ task: task.id, attempt: task.attempt, text: said });
      return;
    }
    await this.#session[isKept ? "keepOutput" : "keepCancelled"](task.id, task.attempt, said);
  }

  #settleRun(ended: EndedInBatch): Soon<void> {
    const { task, unit, outcome } = ended;
    if (outcome.kind !== "finished") return this.#settleUnfinished(ended);
    return soon(this.#lostNow(), (lost) => {
      const kept = !lost.includes(task);
      return soon(unit.closeSavepoint(kept), () => {
        if (kept) this.#session.finishAtCommit(task, outcome.result, outcome.reason);
        this.#settled.push({ ended, kept, transaction: this.#session.transactions.begun });
      });
    });
  }

  async #settleUnfinished(ended: EndedInBatch): Promise<void> {
    const { task, unit, outcome, runs } = ended;
    if (unit.hasBegun) runs.undone();
    await this.undo(unit);
    const kept = await this.#session.settle(task, outcome);
    this.#settled.push({ ended, kept, transaction: this.#session.transactions.begun });
  }

  /** Undoes the work of a run. @throws TqError where that of the runs before it would go with it. */
  async undo(unit: Unit): Promise<void> {
    await unit.closeSavepoint(false);
    if (!this.#isTied || !unit.hasBegun) return;
    const { begun } = this.#session.transactions;
    if (this.#settled.some((run) => run.transaction === begun)) {
      this.#mustUndo = true;
      throw new TqError("conflict", "Cannot settle a batch: one of its runs must be undone");
    }
    await this.#session.rollback();
    this.#undone = this.#session.transactions.undone;
    await this.#session.begin();
  }

  /** True where the error is no fault of the database, and its runs may end well in savepoints. */
  isRefused(error: unknown): boolean {
    if (!this.#isTied || isOperational(error)) return false;
    return this.#mustUndo || this.#session.unseenError !== null;
  }

  /** True where one of its runs has committed in its middle. */
  get hasCommitted(): boolean {
    const { transactions, writing } = this.#session;
    return transactions.begun - transactions.undone > (writing ? 1 : 0);
  }

  /** Reads once for each transaction: while it has the write lock, no claim can be lost. */
  #lostNow(): Soon<readonly Claim[]> {
    if (this.#isTied) return NONE;
    const transaction = this.#session.transactions.begun;
    if (this.#lost?.transaction === transaction) return this.#lost.claims;
    return this.#session.lostClaims(this.#tasks).then((claims) => {
      this.#lost = { claims, transaction };
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
    if (this.#said.length > 0) await this.#session.keepOutputs?.(this.#said.splice(0));
    const ending = endingOf(this.#thread, this.#session, end);
    const next = await this.#session.commit(ending, onVisible);
    this.#thread.counters?.committed(this.#thread.store.now());
    for (const { ended, kept } of this.#settled.splice(0)) {
      const noting = note(this.#thread, ended, kept);
      if (noting) await noting;
    }
    return next;
  }

  /** After the batch failed: its runs whose claims were lost are not to be run again. */
  async noteLost(held: ReadonlySet<Claim>): Promise<void> {
    for (const { ended } of this.#settled) {
      if (held.has(ended.task)) continue;
      if (ended.said !== null) await keepLost(this.#session, ended.task, ended.said);
      await note(this.#thread, ended, false);
    }
  }

  /** After the batch failed: a run that committed in its middle has committed the runs before it too. */
  async noteCommitted(): Promise<void> {
    const { transactions, writing } = this.#session;
    const lastIsKept = !writing && transactions.undone === this.#undone;
    this.#thread.counters?.committed(this.#thread.store.now());
    for (const { ended, kept, transaction } of this.#settled) {
      if (transaction < transactions.begun || lastIsKept) await note(this.#thread, ended, kept);
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
