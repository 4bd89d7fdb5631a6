/**
 * One round of a thread: run a task alone, or several quick ones together; settle them and make the next
 * claim in the same transaction as their effects.
 */
import { drainMicrotasks } from "bun:jsc";
import type { Config } from "../config.ts";
import type { Report } from "../events.ts";
import type { Registry } from "../model/registry.ts";
import { Unit } from "../model/unit.ts";
import type { Outcome } from "../outcome.ts";
import type { Owner, Session, Store } from "../store/store.ts";
import type { ClaimedTask } from "../task.ts";
import { methodKey, type Methods } from "./methods.ts";
import { laterOrNever, waitInPlace } from "./operational.ts";
import { run } from "./run.ts";
import { reportOutcome, runOf, settle } from "./settle.ts";
import type { Progress } from "./shared.ts";

/** What a thread works with. */
export interface Bench {
  readonly store: Store;
  readonly registry: Registry;
  readonly config: Config;
  readonly report: Report;
  readonly methods: Methods;
  readonly progress: Progress;
  readonly owner: Owner;
  readonly queues: readonly string[];
  /** Learns which tasks the runs have pushed, once they are committed. */
  readonly pushed?: (ids: readonly number[]) => void;
}

interface Settled {
  readonly task: ClaimedTask;
  readonly outcome: Outcome;
  readonly duration: number;
  readonly kept: boolean;
}

/** How many tasks to claim with this round's commit; 0: none. */
type NextClaim = () => number;

/** Runs one task by itself, holding nothing while it waits. Returns the next claim. */
export async function runAlone(
  bench: Bench,
  task: ClaimedTask,
  nextClaim: NextClaim,
): Promise<ClaimedTask[]> {
  const { store, progress, report } = bench;
  const session = store.session();
  progress.begin(task);
  report({ name: "task.started", ...runOf(task) });
  try {
    const started = performance.now();
    const { outcome, unit } = await runInPlace(bench, task, session);
    const duration = performance.now() - started;
    const { kept, next } = await settleAlone(bench, session, task, outcome, nextClaim);
    if (kept && outcome.kind === "finished") unit.keep();
    bench.pushed?.(unit.committed);
    note(bench, { task, outcome, duration, kept });
    return next;
  } finally {
    await store.release(session);
    progress.end();
  }
}

/** Runs the task, again while the database was busy or changed under it. */
async function runInPlace(
  bench: Bench,
  task: ClaimedTask,
  session: Session,
): Promise<{ outcome: Outcome; unit: Unit }> {
  const { store, registry, config } = bench;
  for (let tries = 0, locked = false; ; tries++) {
    const unit = new Unit(store, { session, locked, claim: task });
    const outcome = await timed(bench, task, () => run(task, unit, registry));
    await unit.end();
    if (outcome.kind === "finished") return { outcome, unit };
    await session.rollback();
    if (outcome.kind !== "retry") return { outcome, unit };
    if (tries === config.database.retry) return { outcome: laterOrNever(task, outcome), unit };
    if (unit.stale)
      locked = true; // nothing can change under it the next time
    else await Bun.sleep(waitInPlace(tries + 1));
  }
}

/** Learns whether the method is quick: it has settled once the microtasks are drained, in little time. */
async function timed(
  { methods }: Bench,
  task: ClaimedTask,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const key = methodKey(task);
  const started = performance.now();
  const promise = work();
  drainMicrotasks();
  if (Bun.peek.status(promise) === "pending") methods.waited(key);
  else methods.settledAtOnce(key, performance.now() - started);
  return promise;
}

async function settleAlone(
  bench: Bench,
  session: Session,
  task: ClaimedTask,
  outcome: Outcome,
  nextClaim: NextClaim,
): Promise<{ kept: boolean; next: ClaimedTask[] }> {
  await session.begin();
  const kept = await settle(session, task, outcome);
  if (!kept) {
    await session.rollback();
    return { kept, next: [] };
  }
  const next = await claimNext(bench, session, nextClaim());
  await session.commit();
  return { kept, next };
}

/** The next claim, inside the transaction that settles this round. */
export async function claimNext(
  { owner, queues }: Bench,
  session: Session,
  limit: number,
): Promise<ClaimedTask[]> {
  return limit > 0 ? session.claim({ owner, queues, limit }) : [];
}

function note({ progress, report }: Bench, { task, outcome, duration, kept }: Settled): void {
  if (kept && (outcome.kind === "finished" || outcome.kind === "failed")) {
    progress.count(outcome.kind);
  }
  reportOutcome(report, task, outcome, kept, duration);
}
