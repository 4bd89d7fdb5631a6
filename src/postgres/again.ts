/** Runs again what the server has undone. */
import { isDeadlock } from "./error-states.ts";

const MOST_TRIES = 5;

/** Runs it again where it waited for a transaction that waited for it: the server has undone all of it. */
export async function againAfterDeadlock<T>(fn: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await fn();
    } catch (error) {
      if (tries === MOST_TRIES || !isDeadlock(error)) throw error;
    }
  }
}
