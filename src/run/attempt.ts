/** One attempt at one task: decoded, begun, and what is noted once its end is committed. */
import { drainMicrotasks } from "bun:jsc";
import { isLogged } from "../log/events.ts";
import type { Outcome } from "../outcome.ts";
import type { Soon } from "../soon.ts";
import type { Ending, Session } from "../store/session.ts";
import type { ClaimedTask } from "../task.ts";
import type { Unit } from "../transaction/unit.ts";
import { attend } from "./attend.ts";
import { reportOutcome, runOf } from "./run-events.ts";
import { isCall, isOutside, type Prepared, prepare, run } from "./run.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";

/** Calls of a batch are decoded for this long before its transaction begins. */
const DECODE_AHEAD_MS = 2;

/** A run that has begun: its promise may still be waiting. */
export interface Begun {
  readonly task: ClaimedTask;
  readonly unit: Unit;
  readonly outcome: Promise<Outcome>;
  readonly started: number;
  /** True when it waits for something else than the store: it is no quick run. */
  readonly waits: boolean;
  /** True when it is outside any transaction: what it has done is not undone. */
  readonly outside: boolean;
}

export interface Ended {
  readonly task: ClaimedTask;
  readonly unit: Unit;
  readonly outcome: Outcome;
  readonly duration: number;
}

/** What a task calls, and how many ms it took to find and decode that. */
interface Decoded {
  readonly prepared: Prepared;
  readonly took: number;
}

function decode(thread: ThreadRuntime, task: ClaimedTask): Decoded {
  const started = performance.now();
  const prepared = prepare(task, thread.registry);
  return { prepared, took: performance.now() - started };
}

/** The first calls of a batch, while others write; huge arguments wait for their turn. */
export function decodeAhead(thread: ThreadRuntime, tasks: readonly ClaimedTask[]): Decoded[] {
  const until = performance.now() + DECODE_AHEAD_MS;
  const decoded: Decoded[] = [];
  for (const task of tasks) {
    if (performance.now() > until) break;
    decoded.push(decode(thread, task));
  }
  return decoded;
}

/**
 * Begins a run, and learns whether its method is quick: settled once the microtasks are drained and the store has
 * answered, in little time.
 */
export function begin(
  thread: ThreadRuntime,
  task: ClaimedTask,
  unit: Unit,
  { prepared, took } = decode(thread, task),
): Soon<Begun> {
  const { methods, report, config } = thread;
  if (isLogged("debug", config.log.level)) report({ name: "task.started", ...runOf(task) });
  const started = performance.now();
  const waitedBefore = unit.waited;
  const outcome = run(task, prepared, unit);
  drainMicrotasks();
  const attending = attend(outcome, unit);
  const learn = () => {
    const waits = Bun.peek.status(outcome) === "pending";
    const outside = isOutside(prepared);
    const runs = methods.of(task);
    if (waits || outside) runs.waited();
    else if (isCall(prepared)) {
      // Time spent waiting for others is not the method's: two busy threads would make every method look slow.
      const others = unit.waited - waitedBefore;
      runs.settledAtOnce(took + performance.now() - started - others);
    }
    return { task, unit, outcome, started, waits, outside };
  };
  return attending ? attending.then(learn) : learn();
}

/** What goes with the round's commit: claims given back, and the next ones. */
export function endingOf(
  { owner, queues }: ThreadRuntime,
  session: Session,
  { handBack, claim }: RoundEnd,
): Ending {
  // A connection that user code has changed may answer with something else.
  const claims = claim > 0 && !session.spoilt;
  return { handBack, claim: claims ? { owner, queues, limit: claim } : null };
}

/** After the commit: counts, tells what was pushed, reports. */
export function note(
  { progress, report, pushed, config }: ThreadRuntime,
  ended: Ended,
  kept: boolean,
): void {
  const { task, unit, outcome, duration } = ended;
  if (kept && outcome.kind === "finished") unit.keep();
  pushed?.(unit.committed);
  if (kept && (outcome.kind === "finished" || outcome.kind === "failed")) {
    progress.count(outcome.kind);
  }
  if (kept && outcome.kind === "finished" && !isLogged("info", config.log.level)) return;
  reportOutcome(report, task, outcome, kept, duration);
}
