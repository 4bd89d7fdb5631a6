/** A look that a signal ends: Ctrl-C does not touch the task that is looked at. */
import { stopOnSignals } from "./signals.ts";

/** The exit status of a command that Ctrl-C has ended: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;

/**
 * Looks until the first signal that would end the command.
 *
 * @returns what the look returns; INTERRUPTED once a signal came.
 */
export async function whileLooking<T>(
  look: (signal: AbortSignal) => Promise<T>,
): Promise<T | typeof INTERRUPTED> {
  const left = new AbortController();
  const stop = async (how?: "graceful" | "now"): Promise<void> => {
    if (how === "now") process.exit(INTERRUPTED);
    left.abort();
  };
  const leave = stopOnSignals({ stop });
  try {
    return await look(left.signal);
  } catch (error) {
    if (left.signal.aborted && error === left.signal.reason) return INTERRUPTED;
    throw error;
  } finally {
    leave();
  }
}
