/** The death of a thread: its tasks are put back, and the one that it was running may be to blame. */
import { sleep } from "../clock.ts";
import { TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { Outcome } from "../outcome.ts";
import type { ThreadDeath } from "../store/rescue.ts";
import type { Store } from "../store/store.ts";
import type { Claim } from "../task.ts";
import type { PoolThread } from "./pool-thread.ts";
import type { RescuedTasks, TimedOut } from "./rescued-tasks.ts";

/** The pause before tasks that could not be put back are tried again. */
const TRY_AGAIN_MS = 1_000;

/** A thread that is told to end, and is in no native call, is gone much sooner. */
const ENDS_SOON_MS = 300;

/** The words of an error that ended a thread. */
const THROWN = /^(?:\w*Error|error):? /;

/** Where tasks have secrets, and it is not known whose an error may quote. */
const NOT_SHOWN = "an error that is not shown, as it is not known which task threw it";

export interface BurialOptions {
  /** The worker's id. */
  readonly id: string;
  readonly models: readonly string[];
  /** Crashes after which a task is set aside as failed. */
  readonly maxCrashes: number;
  readonly store: Store;
  /** Shows tasks without their secrets. */
  readonly shown: Store;
  readonly rescued: RescuedTasks;
  readonly report: Report;
}

export interface BurialEvents {
  /** A thread died while it loaded its models. */
  cannotStart(thread: PoolThread, error: TqError): void;
  /**
   * The tasks of the thread are put back.
   *
   * @param why the thread died, for the log; null when it was ended on purpose, or `cannotStart` has said it.
   */
  buried(thread: PoolThread, why: string | null): void;
}

export class Burials {
  readonly #options: BurialOptions;
  readonly #events: BurialEvents;
  #last: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: BurialOptions, events: BurialEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** A thread is gone. Threads are buried one after another. */
  bury(thread: PoolThread, running: Claim | null, reason: string): void {
    this.#last = this.#last.then(() => this.#bury(thread, running, reason));
  }

  /** Resolves when all threads that are gone have been buried. */
  async done(): Promise<void> {
    await this.#last;
  }

  /** The worker stops: tasks that are not put back yet are put back as it signs off. */
  stop(): void {
    this.#stopping = true;
  }

  async #bury(thread: PoolThread, running: Claim | null, reason: string): Promise<void> {
    const lockHolder = await thread.lockout;
    if (lockHolder) thread.toBlame = true;
    if (!thread.loaded && thread.endReason === null) {
      thread.endReason = this.#sayCannotLoad(thread, reason); // its models ended it, not a task
    }
    const onPurpose = thread.endReason !== null && !thread.toBlame;
    // The reason that its tasks get, and the log where the end was not on purpose.
    const tasks = thread.isThrowerKnown ? [running?.id, thread.thrower] : [];
    const said = await this.#withoutSecrets(tasks, thread.endReason ?? reason);
    const why = said === NOT_SHOWN ? `${said}${thread.threw}` : said;
    // A worker that stops saves this write where it can: each thread would wait for the lock in turn.
    if (!this.#stopping || !thread.hasNoTasks) {
      const maxCrashes = onPurpose ? null : this.#options.maxCrashes;
      await this.#putBack(thread.number, {
        running: lockHolder ?? running,
        reason: why,
        maxCrashes,
        timedOut: lockHolder ? null : thread.timedOut,
        suspectAll: thread.brokenByBatch,
      });
    }
    this.#events.buried(thread, onPurpose ? null : why);
  }

  /**
   * Puts the tasks of all threads back, as one of them hangs in a native call and the process must exit: the task of
   * that thread alone is charged. The other threads end first, and their processes with them, as their tasks may run
   * again at once. Where the hanging call holds the write lock nothing can be written: the next worker puts them back.
   */
  async putAllBack(threads: readonly PoolThread[], hung: PoolThread): Promise<void> {
    this.#stopping = true;
    const reason = `its worker exits, as thread ${hung.number} hangs in a native call`;
    const others = threads.filter((thread) => thread !== hung);
    for (const thread of others) thread.giveWay(reason);
    hung.endProcesses(); // the call may have started more since the thread was told to end
    if (hung.progress.lock === "held") return;
    const why = hung.endReason ?? "its thread cannot be ended";
    await this.#putBackOf(hung, why, hung.timedOut);
    await Promise.race([Promise.all(others.map(({ closed }) => closed)), sleep(ENDS_SOON_MS)]);
    await this.done();
    const left = others.filter(({ isGone }) => !isGone); // in a native call too
    for (const thread of left) await this.#putBackOf(thread, reason, null);
  }

  async #putBackOf(
    { number, progress, toBlame }: PoolThread,
    reason: string,
    timedOut: TimedOut | null,
  ): Promise<void> {
    const maxCrashes = toBlame ? this.#options.maxCrashes : null;
    await this.#putBack(number, { running: progress.running(), reason, maxCrashes, timedOut });
  }

  /** @returns the sentence. */
  #sayCannotLoad(thread: PoolThread, reason: string): string {
    const models = this.#options.models.join(", ");
    const message = `Cannot load models from ${models}: ${reason}`;
    this.#events.cannotStart(thread, new TqError("models", message));
    return message;
  }

  /**
   * Tries until the rescue is written: otherwise the tasks would seem to be those of the next thread with that number.
   */
  async #putBack(
    thread: number,
    { timedOut, ...death }: ThreadDeath & { readonly timedOut: TimedOut | null },
  ): Promise<void> {
    const { id: worker, store, rescued } = this.#options;
    const outcome = timedOut?.outcome ?? null;
    const said = timedOut && { ...timedOut, outcome: await this.#sayable(death, timedOut.outcome) };
    for (let tries = 0; ; tries++) {
      try {
        const tasks = await store.rescueThread({ worker, thread }, { ...death, outcome });
        for (const task of tasks) rescued.add(task, death.running, death.reason, said);
        return;
      } catch (error) {
        if (tries === 0) this.#sayNotYet(thread, error);
        if (this.#stopping) return; // signing off does, or else another worker
        await sleep(TRY_AGAIN_MS);
      }
    }
  }

  async #sayable({ running }: ThreadDeath, outcome: Outcome): Promise<Outcome> {
    if (!("error" in outcome)) return outcome;
    const { error } = outcome;
    const said = (words: string) => this.#withoutSecrets([running?.id], words);
    const [name, message] = [await said(error.name), await said(error.message)];
    const stack = error.stack && (await said(error.stack));
    const shown = { ...error, name, message, stack };
    const { code = null } = error;
    if (code === null) return { ...outcome, error: shown };
    const words = await said(String(code));
    return { ...outcome, error: { ...shown, code: words === String(code) ? code : words } };
  }

  /** The words may quote what these tasks have thrown. */
  async #withoutSecrets(ids: readonly (number | null | undefined)[], words: string) {
    const { shown, store } = this.#options;
    const known = ids.filter((id) => typeof id === "number");
    if (known.length === 0 && !THROWN.test(words)) return words; // no task has said them
    try {
      const redaction = await shown.redactions.inForce();
      if (redaction.isEmpty) return words;
      if (known.length === 0) return NOT_SHOWN;
      let said = words;
      for (const id of known) {
        const task = await store.get(id);
        if (task !== null) said = redaction.secretsOf(task).hideIn(said);
      }
      return said;
    } catch {
      return THROWN.test(words) ? NOT_SHOWN : words;
    }
  }

  #sayNotYet(thread: number, error: unknown): void {
    const message = `Cannot put back the tasks of thread ${thread} yet: ${String(error)}`;
    this.#options.report({ name: "log.note", level: "warn", message });
  }
}
