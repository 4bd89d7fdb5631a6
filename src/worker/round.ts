/**
 * One round of a thread: run a task alone, or several quick ones together; settle them and make the next
 * claim in the same transaction as their effects.
 */
import { drainMicrotasks } from "bun:jsc";
import { isLogged } from "../log/events.ts";
import { TqError } from "../errors.ts";
import type { Runtime } from "../model/runtime.ts";
import { Unit } from "../model/unit.ts";
import { type Outcome, toErrorData } from "../outcome.ts";
import type { Owner, Session, Store } from "../store/store.ts";
import { type Soon, soon } from "../soon.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import type { Lead } from "./lead.ts";
import type { Methods } from "./methods.ts";
import { laterOrNever, waitInPlace } from "./operational.ts";
import { isCall, isOutside, type Prepared, prepare, run } from "./run.ts";
import { reportOutcome, runOf, settle } from "./settle.ts";
import type { Progress } from "./shared.ts";

/** Calls of a batch are decoded for so long before its transaction begins: ms. */
const AHEAD = 2;

/** What a thread works with. */
export interface Bench extends Runtime {
  readonly methods: Methods;
  readonly progress: Progress;
  /** Where there are other threads that may step aside for this one. */
  readonly lead?: Lead;
  readonly owner: Owner;
  readonly queues: readonly string[];
  /** Learns which tasks the runs have pushed, once they are committed. */
  readonly pushed?: (ids: readonly number[]) => void;
}

/** What goes into the round's last commit, besides its outcomes. */
export interface Ending {
  /** Claims to give back, as they would wait too long. */
  readonly handBack: readonly ClaimedTask[];
  /** How many tasks to claim; 0: none. */
  readonly claim: number;
}

/** A run that has begun: its promise may still be waiting. */
interface Begun {
  readonly task: ClaimedTask;
  readonly unit: Unit;
  readonly outcome: Promise<Outcome>;
  readonly started: number;
  /** True when it waits for something: it is no quick run. */
  readonly waits: boolean;
  /** True when it is outside any transaction: what it has done is not undone. */
  readonly outside: boolean;
}

interface Ended {
  readonly task: ClaimedTask;
  readonly unit: Unit;
  readonly outcome: Outcome;
  readonly duration: number;
}

/** Runs one task by itself, holding nothing while it waits. @returns the next claim. */
export async function runAlone(
  bench: Bench,
  task: ClaimedTask,
  ending: () => Ending,
): Promise<ClaimedTask[]> {
  const session = bench.store.session();
  const unit = new Unit(bench, { session, claim: task });
  return finishAlone(bench, session, begin(bench, task, unit), ending);
}

/** Sees a run through that is by itself from here on. */
async function finishAlone(
  bench: Bench,
  session: Session,
  begun: Begun,
  ending: () => Ending,
): Promise<ClaimedTask[]> {
  try {
    const { ended, kept } = await settleAlone(session, await tryInPlace(bench, session, begun));
    if (!kept) await session.rollback();
    const next = kept ? await endRound(bench, session, ending()) : [];
    await session.commit(() => bench.progress.end());
    note(bench, ended, kept);
    return next;
  } finally {
    await bench.store.release(session);
    bench.progress.end();
  }
}

/**
 * A run may leave a transaction behind that takes nothing more, ended by SQL of its own or by the disk: then it is
 * undone, and tried again later.
 *
 * @throws where the database takes nothing from anybody.
 */
async function settleAlone(
  session: Session,
  ended: Ended,
): Promise<{ readonly ended: Ended; readonly kept: boolean }> {
  const { task, outcome } = ended;
  await session.begin();
  try {
    return { ended, kept: await settle(session, task, outcome) };
  } catch (error) {
    await session.rollback();
    await session.begin();
    const retry = { kind: "retry", delay: 0, error: toErrorData(error) } as const;
    const later = { ...ended, outcome: laterOrNever(task, retry) };
    return { ended: later, kept: await settle(session, task, later.outcome) };
  }
}

/** Runs the task again while the database was busy, or changed under it; not where it would do things twice. */
async function tryInPlace(bench: Bench, session: Session, begun: Begun): Promise<Ended> {
  const { config } = bench;
  for (let tries = 0; ; tries++) {
    const { task, unit, started, outside } = begun;
    const outcome = await begun.outcome;
    await unit.end();
    const ended = { task, unit, outcome, duration: performance.now() - started };
    if (outcome.kind === "finished") return ended;
    await session.rollback();
    if (outcome.kind !== "retry") return ended;
    if (outside || tries === config.database.retry)
      return { ...ended, outcome: laterOrNever(task, outcome) };
    if (!unit.stale) await Bun.sleep(waitInPlace(tries + 1));
    // With the lock from its start on, nothing can change under it.
    const again = new Unit(bench, { session, locked: unit.stale, claim: task });
    begun = { ...begin(bench, task, again), started };
  }
}

/**
 * Runs quick tasks in one transaction, a savepoint each. It ends early when claims were taken back, or when
 * a run waits after all.
 *
 * @returns the next claim.
 */
export async function runBatch(
  bench: Bench,
  tasks: readonly ClaimedTask[],
  ending: () => Ending,
): Promise<ClaimedTask[]> {
  const { store, progress } = bench;
  const ahead = decodeAhead(bench, tasks);
  const session = store.session();
  const batch = new Batch(bench, session, tasks);
  try {
    let rest: readonly ClaimedTask[] = [];
    for (const [index, task] of tasks.entries()) {
      if (index > 0 && !progress.begin(task)) break; // the first was begun by the caller
      if (session.writing) progress.claimLock();
      const unit = new Unit(bench, { session, locked: true, savepoint: true, claim: task });
      progress.setBatch(index + 1);
      const begun = begin(bench, task, unit, ahead[index]);
      progress.setBatch(0);
      if (begun.waits) rest = tasks.slice(index + 1);
      if (begun.waits && !session.writing) {
        // It holds nothing: the others are settled without it, and it goes on alone.
        const own = store.session();
        unit.detach(own);
        await batch
          .commit({ handBack: [...rest, ...ending().handBack], claim: 0 })
          .catch((error: unknown) => giveUp(store, own, unit, error));
        bench.lead?.leave();
        return await finishAlone(bench, own, begun, ending);
      }
      if (begun.waits) bench.lead?.leave();
      const added = batch.add(begun);
      if (added) await added;
      if (session.spoilt) {
        // What it did to the connection is not for those after it.
        bench.methods.of(task).waited();
        rest = tasks.slice(index + 1);
      }
      if (begun.waits || session.spoilt) break;
    }
    const { handBack, claim } = ending();
    return await batch.commit({ handBack: [...rest, ...handBack], claim }, () => progress.end());
  } catch (error) {
    batch.noteCommitted();
    // Nothing else of it is kept: one by one the others go on, whatever it was that one of them did.
    for (const task of tasks) bench.methods.of(task).waited();
    throw error;
  } finally {
    await store.release(session);
    progress.end();
  }
}

/** A run that was to go on alone must not: it would write for a task that is handed back. */
async function giveUp(store: Store, own: Session, unit: Unit, error: unknown): Promise<never> {
  const ending = unit.end();
  await store.release(own);
  await ending;
  throw error;
}

/** The runs of one transaction, and how each ended. */
class Batch {
  readonly #bench: Bench;
  readonly #session: Session;
  readonly #tasks: readonly ClaimedTask[];
  readonly #settled: { ended: Ended; kept: boolean; transaction: number }[] = [];
  /** Runs that did not touch the database: they are settled once there is a transaction. */
  #waiting: Ended[] = [];
  /** The claims that hold, and the transaction of the session in which nothing can change that. */
  #held: { readonly claims: ReadonlySet<Claim>; readonly transaction: number } | null = null;
  /** How many transactions of the session were undone before it. */
  readonly #undone: number;

  constructor(bench: Bench, session: Session, tasks: readonly ClaimedTask[]) {
    this.#bench = bench;
    this.#session = session;
    this.#tasks = tasks;
    this.#undone = session.undone;
  }

  add(begun: Begun): Soon<void> {
    const outcome = Bun.peek(begun.outcome);
    return soon(outcome, (ended) => this.#end(begun, inBatch(ended)));
  }

  #end({ task, unit, started }: Begun, outcome: Outcome): Soon<void> {
    const ended = { task, unit, outcome, duration: performance.now() - started };
    this.#checkKept();
    if (this.#session.writing) return this.#settle(ended);
    this.#waiting.push(ended);
    return unit.end();
  }

  /** A run may commit in its middle, and where that is refused the runs before it are undone with it. */
  #checkKept(): void {
    if (this.#session.undone === this.#undone || this.#settled.length === 0) return;
    throw new TqError("conflict", "Cannot settle a batch: a commit of one of its runs was refused");
  }

  #settle(ended: Ended): Soon<void> {
    const { task, unit, outcome } = ended;
    if (outcome.kind !== "finished") return this.#settleUnfinished(ended);
    return soon(this.#heldNow(), (held) => {
      const kept = held.has(task);
      return soon(unit.closeSavepoint(kept), () => {
        if (kept) this.#session.finishAtCommit(task, outcome.result);
        this.#settled.push({ ended, kept, transaction: this.#session.transaction });
      });
    });
  }

  async #settleUnfinished(ended: Ended): Promise<void> {
    const { task, unit, outcome } = ended;
    await unit.closeSavepoint(false);
    const kept = await settle(this.#session, task, outcome);
    this.#settled.push({ ended, kept, transaction: this.#session.transaction });
  }

  /** Read once a transaction: while we hold the write lock no claim can be lost. */
  #heldNow(): Soon<ReadonlySet<Claim>> {
    const { transaction } = this.#session;
    if (this.#held?.transaction === transaction) return this.#held.claims;
    return this.#session.stillHeld(this.#tasks).then((claims) => {
      this.#held = { claims, transaction };
      return claims;
    });
  }

  /** @param seen called when the commit can be seen: its runs are over, whatever the disk still does. */
  async commit(ending: Ending, seen?: () => void): Promise<ClaimedTask[]> {
    await this.#session.begin();
    for (const ended of this.#waiting) {
      const settling = this.#settle(ended);
      if (settling) await settling;
    }
    this.#waiting = [];
    const next = await endRound(this.#bench, this.#session, ending);
    await this.#session.commit(seen);
    for (const { ended, kept } of this.#settled) note(this.#bench, ended, kept);
    return next;
  }

  /** It failed: a run may have committed in its middle, and with itself those before it. */
  noteCommitted(): void {
    const { transaction, writing, undone } = this.#session;
    const lastIsKept = !writing && undone === this.#undone;
    for (const { ended, kept, transaction: own } of this.#settled) {
      if (own < transaction || lastIsKept) note(this.#bench, ended, kept);
    }
  }
}

/** In a batch the lock is held: what the database refused is tried again soon, by itself. */
function inBatch(outcome: Outcome): Outcome {
  return outcome.kind === "retry" ? { ...outcome, delay: waitInPlace(1) } : outcome;
}

/** What a task calls, and how long it took to find and decode that: ms. */
interface Decoded {
  readonly prepared: Prepared;
  readonly took: number;
}

function decode(bench: Bench, task: ClaimedTask): Decoded {
  const started = performance.now();
  const prepared = prepare(task, bench.registry);
  return { prepared, took: performance.now() - started };
}

/** The first calls of a batch, while others write; huge arguments wait for their turn. */
function decodeAhead(bench: Bench, tasks: readonly ClaimedTask[]): Decoded[] {
  const until = performance.now() + AHEAD;
  const decoded: Decoded[] = [];
  for (const task of tasks) {
    if (performance.now() > until) break;
    decoded.push(decode(bench, task));
  }
  return decoded;
}

/** Begins a run, and learns whether its method is quick: settled once the microtasks are drained, in little time. */
function begin(
  bench: Bench,
  task: ClaimedTask,
  unit: Unit,
  { prepared, took } = decode(bench, task),
): Begun {
  const { methods, report, config } = bench;
  if (isLogged("debug", config.log.level)) report({ name: "task.started", ...runOf(task) });
  const started = performance.now();
  const waitedBefore = unit.waited;
  const outcome = run(task, prepared, unit);
  drainMicrotasks();
  const waits = Bun.peek.status(outcome) === "pending";
  const outside = isOutside(prepared);
  const runs = methods.of(task);
  if (waits || outside) runs.waited();
  else if (isCall(prepared)) {
    // What others took is not the method's: two busy threads would make every method look slow.
    const others = unit.waited - waitedBefore;
    runs.settledAtOnce(took + performance.now() - started - others);
  }
  return { task, unit, outcome, started, waits, outside };
}

/** What goes with the round's commit: claims given back, and the next ones. */
async function endRound(
  { owner, queues }: Bench,
  session: Session,
  { handBack, claim }: Ending,
): Promise<ClaimedTask[]> {
  if (handBack.length > 0) await session.handBack(handBack);
  // A connection that user code has changed may answer with something else.
  return claim > 0 && !session.spoilt ? session.claim({ owner, queues, limit: claim }) : [];
}

/** After the commit: counts, tells what was pushed, reports. */
function note({ progress, report, pushed, config }: Bench, ended: Ended, kept: boolean): void {
  const { task, unit, outcome, duration } = ended;
  if (kept && outcome.kind === "finished") unit.keep();
  pushed?.(unit.committed);
  if (kept && (outcome.kind === "finished" || outcome.kind === "failed")) {
    progress.count(outcome.kind);
  }
  if (kept && outcome.kind === "finished" && !isLogged("info", config.log.level)) return;
  reportOutcome(report, task, outcome, kept, duration);
}
