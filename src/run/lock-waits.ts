/**
 * Notes when a run waits for the write lock, in a program that is no worker: the turns of a worker's threads do so there.
 * A run that waits for itself, with two transactions at once, waits for no other.
 */
import type { Progress } from "../shared-memory/progress.ts";
import { type Soon, soon } from "../soon.ts";
import type { Session } from "../store/session.ts";

type Watched = Pick<Session, "writing">;

export class LockWaits {
  readonly #progress: Pick<Progress, "lockAwaited" | "lockReleased">;
  #waiting = 0;
  /** The sessions that have had the lock, until none of them has it. */
  #holders: Watched[] = [];

  constructor(progress: Pick<Progress, "lockAwaited" | "lockReleased">) {
    this.#progress = progress;
  }

  /** @param begin takes the lock for the session. */
  during<S extends Watched, T>(session: S, begin: (session: S) => Soon<T>): Soon<T> {
    if (session.writing || this.#holders.some(({ writing }) => writing)) return begin(session);
    this.#holders = [];
    if (this.#waiting++ === 0) this.#progress.lockAwaited();
    return soonEnding(
      () => begin(session),
      () => this.#end(session),
    );
  }

  #end(session: Watched): void {
    this.#waiting--;
    if (session.writing) this.#holders.push(session);
    // From here on those that wait do so for this one.
    if (session.writing || this.#waiting === 0) this.#progress.lockReleased();
  }
}

/** Calls `ended` once it has ended, well or not. */
function soonEnding<T>(begin: () => Soon<T>, ended: () => void): Soon<T> {
  let begun: Soon<T>;
  try {
    begun = begin();
  } catch (error) {
    ended();
    throw error;
  }
  if (begun instanceof Promise) return begun.finally(ended);
  return soon(begun, (value) => (ended(), value));
}
