/** A worker starts though its connections to the server are cut meanwhile, within the time of `database.timeout`. */
import { monotonicNow, sleep } from "../clock.ts";
import { isTqError, TqError } from "../errors.ts";
import type { Store } from "../store/store.ts";

const PAUSE_MS = 50;

interface Timeout {
  readonly database: { readonly timeout: number };
}

/** @returns what takes a step of the start, and again where the server has not answered: give it steps that can be repeated. */
export function throughCuts({ traits }: Pick<Store, "traits">, { database }: Timeout) {
  return async <T>(step: () => Promise<T>): Promise<T> => {
    const until = monotonicNow() + database.timeout / 2; // a try that finds no server takes as long as the timeout itself
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (!traits.isServer || !isUnanswered(error)) throw error;
        if (monotonicNow() >= until) throw asBusy(error);
      }
      await sleep(PAUSE_MS);
    }
  };
}

/** True where the server does not answer, or not in time; not where it refuses the user, the password or the database. */
export function isUnanswered(error: unknown): boolean {
  return isTqError(error) && (error.code === "busy" || error.code === "uncertain");
}

/** Whether the step is stored does not matter, as the next start takes it again. */
function asBusy(error: unknown): unknown {
  if (!isTqError(error) || error.code !== "uncertain") return error;
  const { cause } = error;
  return isTqError(cause) && cause.code === "busy"
    ? cause
    : new TqError("busy", error.message, { cause });
}
