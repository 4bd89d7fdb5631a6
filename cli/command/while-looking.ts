/** A look that a signal ends: Ctrl-C does not touch the task that is looked at. */
import { statusOf, stopOnSignals } from "./signals.ts";

/** A signal has ended the look. */
export class Interrupted {
  /** The exit status of the command. */
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/**
 * Looks until the first signal that would end the command.
 *
 * @param look its signal's reason is an `Interrupted`.
 * @returns what the look returns; an `Interrupted` where it throws the reason of its signal
 */
export async function whileLooking<T>(
  look: (signal: AbortSignal) => Promise<T>,
): Promise<T | Interrupted> {
  const left = new AbortController();
  const leave = stopOnSignals({
    stop: async (how, signal) => {
      const status = statusOf(signal);
      if (how === "now") process.exit(status);
      left.abort(new Interrupted(status));
    },
  });
  try {
    return await look(left.signal);
  } catch (error) {
    if (error instanceof Interrupted) return error;
    throw error;
  } finally {
    leave();
  }
}
