/** Judges an error of a method: the policy of its task says whether, and when, the task is tried again. */
import { UserError } from "../errors.ts";
import { type ErrorData, type Outcome, toErrorData } from "../outcome.ts";
import { DEFAULT_BACKOFF, waitAfter } from "../policies/backoff.ts";
import { asked, type ErrorFilter, isMeant } from "../policies/error-filter.ts";
import type { Policy } from "../policies/table.ts";
import {
  delayUntil,
  SHORTEST_SNOOZE_MS,
  type Verdict,
  verdictOf,
  type When,
} from "../policies/verdicts.ts";
import type { ClaimedTask } from "../task.ts";
import { NOT_AWAITED } from "../transaction/strict-work.ts";
import { formatDuration } from "../values/duration.ts";
import { withTrouble } from "./policy-trouble.ts";

/**
 * The outcome of a run whose method has thrown. Never throws: where a function of the policy fails, the task is tried
 * again as without it.
 *
 * @param now ms since 1970 UTC.
 */
export function judge(
  thrown: unknown,
  { failures }: Pick<ClaimedTask, "failures">,
  policy: Policy,
  now: number,
): Outcome {
  const verdict = verdictOf(thrown);
  if (verdict?.kind === "cancel") return { kind: "cancelled", reason: verdict.reason };
  if (verdict?.kind === "snooze") {
    return snoozed(verdict, now);
  }
  const error = toErrorData(thrown);
  const attempt = failures + 1;
  if (attempt >= policy.attempts) {
    return { kind: "failed", error: verdict && policy.attempts === 1 ? withHint(error) : error };
  }
  if (verdict?.when) return { kind: "retry", delay: delayUntil(verdict.when, now), error };
  try {
    if (!verdict && !isRetried(thrown, policy)) return { kind: "failed", error };
    const delay = waitAfter(policy.backoff, attempt, thrown);
    return delay === null ? { kind: "failed", error } : { kind: "retry", delay, error };
  } catch (trouble) {
    const delay = waitAfter(DEFAULT_BACKOFF, attempt, thrown) ?? 0;
    return { kind: "retry", delay, error: withTrouble(error, trouble) };
  }
}

/** A time that is past is a mistake of a clock or of a sum: without a least wait the task would run again at once, for ever. */
function snoozed({ when, reason }: Extract<Verdict, { kind: "snooze" }>, now: number): Outcome {
  const delay = Math.max(delayUntil(when, now), SHORTEST_SNOOZE_MS);
  const asked = tooSoon(when, now);
  if (asked === null) return { kind: "snoozed", delay, reason };
  const raised = `${asked}, so it waits ${formatDuration(SHORTEST_SNOOZE_MS)}`;
  return { kind: "snoozed", delay, reason: `${reason ?? "snoozed"} (${raised})`, raised };
}

/** The time of a snooze that is none, in words; null for one to come, however soon that is. */
function tooSoon(when: When, now: number): string | null {
  if ("delay" in when) {
    return when.delay < SHORTEST_SNOOZE_MS ? `for ${formatDuration(when.delay)}` : null;
  }
  if (when.at > now) return null;
  return `until ${new Date(when.at).toISOString()}, which is past`;
}

function isRetried(thrown: unknown, { retryOn, failOn }: Policy): boolean {
  if (failOn !== null && isMeant(failOn, thrown)) return false;
  if (!isForPeople(thrown)) return retryOn === null || isMeant(retryOn, thrown);
  return retryOn !== null && isMeant(withoutAnyError(retryOn), thrown);
}

const FOR_PEOPLE: readonly string[] = ["UserError", "UserWarning", NOT_AWAITED];

/** An error for a person to read: another try meets it again, unless the policy names it. */
function isForPeople(thrown: unknown): boolean {
  return asked(
    () =>
      thrown instanceof UserError || (thrown instanceof Error && FOR_PEOPLE.includes(thrown.name)),
  );
}

/** Leaves out the class of all errors, which names none. */
function withoutAnyError(filter: ErrorFilter): ErrorFilter {
  return typeof filter === "function"
    ? filter
    : filter.filter((one) => one !== Error && one !== "Error");
}

function withHint(error: ErrorData): ErrorData {
  const hint = "its policy allows 1 attempt; give the method more attempts to have it retried";
  return { ...error, message: `${error.message} (${hint})` };
}
