/** Runs the tasks of a test queue in this process: it claims, runs and settles as a worker's thread does. */
import { noSuchTask, TqError } from "../errors.ts";
import { isNotKept } from "../kept-result.ts";
import { runAlone } from "../run/alone.ts";
import { loneThread } from "../run/lone-thread.ts";
import { declareNewModels } from "../registry/declared-models.ts";
import { ThreadOutput } from "../run/thread-output.ts";
import type { ThreadRuntime } from "../run/thread-runtime.ts";
import { whyHeld } from "../store/pause-words.ts";
import type { Owner } from "../store/session.ts";
import { type Attempt, callWords, type ClaimedTask, type Task } from "../task.ts";
import { ResultNotKeptError } from "../tasks/ended-errors.ts";
import type { Runtime } from "../transaction/runtime.ts";
import { decode } from "../values/encoding.ts";
import type { TestRun } from "./types.ts";

const NO_NEXT_CLAIM = { handBack: [], claimUpTo: 0 };

export class TestRunner {
  readonly #thread: ThreadRuntime;
  /** The value that the present run has thrown; null: none. */
  #thrown: { readonly error: unknown } | null = null;

  constructor(runtime: Runtime) {
    const { store } = runtime;
    this.#thread = {
      ...loneThread(runtime, (progress) => new ThreadOutput(progress, store, null)),
      threw: (error) => (this.#thrown = { error }),
    };
  }

  /** Claims the first task that is due, and runs it; null: none is due. */
  async runFirst(): Promise<TestRun | null> {
    const { store, owner } = this.#thread;
    const [task] = await store.write((session) => session.claim({ owner, queues: [], limit: 1 }));
    return task ? this.#run(task) : null;
  }

  /** The call of the first task that is due, and when the next scheduled one is. */
  async next(): Promise<{ readonly isDue: boolean; readonly at: number | null }> {
    const { store, owner } = this.#thread;
    const look = { queues: [], limit: 1, worker: owner.worker };
    const { ready, due } = await store.look(look);
    return { isDue: ready > 0 || (due !== null && due <= store.now()), at: due };
  }

  /** @throws TqError "not_found" or "conflict" where it cannot run */
  async runOne(id: number): Promise<TestRun> {
    const { store, owner } = this.#thread;
    const task = await store.write((session) => session.claimOne(id, owner));
    if (task) return this.#run(task);
    throw await notRunnable(id, store, owner);
  }

  /** True where the run has failed, whether its task is tried again or not. */
  hasFailed({ outcome }: TestRun): boolean {
    return outcome === "failed" || outcome === "postponed";
  }

  async #run(claimed: ClaimedTask): Promise<TestRun> {
    this.#thrown = null;
    const { registry, config } = this.#thread;
    await declareNewModels(this.#thread.store, registry, config);
    await runAlone(this.#thread, claimed, () => NO_NEXT_CLAIM);
    const { id, attempt } = claimed;
    const { store } = this.#thread;
    const task = await store.get(id);
    if (task === null) throw noSuchTask(`show the run of task ${id}: it has deleted itself`);
    const ended = (await store.attempts(id)).find(({ number }) => number === attempt);
    const output = (await store.output(id)).find((run) => run.attempt === attempt);
    const outcome = ended?.outcome ?? (task.state === "cancelled" ? "cancelled" : "finished");
    const run: TestRun = {
      id,
      call: callWords(claimed),
      attempt,
      outcome,
      result: outcome === "finished" ? resultOf(task) : undefined,
      error: this.#thrown === null ? errorOf(ended) : (this.#thrown as { error: unknown }).error,
      log: output?.lines ?? [],
      progress: output?.progress ?? null,
      task,
    };
    return isNotKept(task) ? withoutResult(run) : run;
  }
}

function resultOf({ id, result }: Task): unknown {
  return result === null ? undefined : decode(JSON.stringify(result), `the result of task ${id}`);
}

/** Reading its result throws; `expect(run)` and copies pass over it. */
function withoutResult(run: TestRun): TestRun {
  const get = () => {
    throw new ResultNotKeptError(run.task);
  };
  return Object.defineProperty(run, "result", { get, enumerable: false });
}

/** The error of a task that could not be called. */
function errorOf(ended: Attempt | undefined): unknown {
  if (!ended || ended.name === null) return undefined;
  const error = new Error(ended.message ?? "");
  error.name = ended.name;
  return error;
}

async function notRunnable(
  id: number,
  store: Runtime["store"],
  { worker }: Owner,
): Promise<TqError> {
  const task = await store.get(id);
  if (task === null) return noSuchTask(`run task ${id}`);
  const { state } = task;
  const held = whyHeld(await store.pauses.list(), task, store.now());
  if (held !== null && state !== "running") {
    return new TqError("conflict", `Cannot run task ${id}: ${held}`);
  }
  const why =
    task.worker === worker
      ? "it is running"
      : `it is ${state} already; tasks.retry(${id}) makes it ready again`;
  return new TqError("conflict", `Cannot run task ${id}: ${why}`);
}
