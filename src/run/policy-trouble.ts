/** The words for a function of a policy that failed: at once, and once its task has failed for good. */
import { type ErrorData, toErrorData } from "../outcome.ts";
import type { Policy } from "../policies/table.ts";
import type { Store } from "../store/store.ts";
import type { ClaimedTask } from "../task.ts";

export function hasFunction({ backoff, retryOn, failOn }: Policy): boolean {
  return [backoff, retryOn, failOn].some((value) => typeof value === "function");
}

const NOTE = " (a function of its policy failed, so it waits as without one: ";

export function withTrouble(error: ErrorData, trouble: unknown): ErrorData {
  const { name, message } = toErrorData(trouble);
  return { ...error, message: `${error.message}${NOTE}${name}: ${message})` };
}

/**
 * The error of a run after which no other comes: it says the trouble of an earlier one, which the last one need not meet,
 * as the wait after it is not asked for. Never throws.
 */
export async function withEarlierTrouble(
  error: ErrorData,
  { id, failures }: Pick<ClaimedTask, "id" | "failures">,
  store: Pick<Store, "attempts">,
): Promise<ErrorData> {
  if (failures === 0) return error;
  try {
    const failed = (await store.attempts(id)).filter(({ outcome }) => outcome === "failed");
    const last = failed
      .slice(-failures) // those before a retry by hand are past
      .findLast(({ message }) => message?.includes(NOTE));
    if (!last) return error;
    const trouble = last.message?.slice(last.message.lastIndexOf(NOTE) + NOTE.length) ?? "";
    const note = `at run ${last.number} a function of its policy failed, so it waited as without one: ${trouble}`;
    return { ...error, message: `${error.message} (${note}` };
  } catch {
    return error; // the database may be in trouble, which is said elsewhere
  }
}
