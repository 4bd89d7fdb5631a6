/** Errors that a method throws to say how its run ends: `Retry`, `Snooze` and `Cancel`. */
import { wallNow } from "../clock.ts";
import { isOneInAllCopies, TqError } from "../errors.ts";
import { cut } from "../outcome.ts";
import { inspected } from "../quote.ts";
import { type DurationLike, toMilliseconds } from "../values/duration.ts";
import { type MomentLike, momentOf } from "../values/moment.ts";

/** When a task runs again: ms from now, or ms since 1970 UTC. */
export type When = { readonly delay: number } | { readonly at: number };

/** The mark of a registered symbol holds for every copy of tq in the process. */
const VERDICT = Symbol.for("tq.verdict");

/** The meaning of a thrown verdict. */
export type Verdict =
  | { readonly kind: "retry"; readonly when: When | null }
  | { readonly kind: "snooze"; readonly when: When; readonly reason: string | null }
  | { readonly kind: "cancel"; readonly reason: string };

/** The verdict that a thrown value is; null for any other. */
export function verdictOf(thrown: unknown): Verdict | null {
  try {
    return thrown instanceof Error ? ((thrown as { [VERDICT]?: Verdict })[VERDICT] ?? null) : null;
  } catch {
    return null; // user code may throw a proxy or a getter that throws in turn
  }
}

function mark(error: Error, verdict: Verdict): void {
  Object.defineProperty(error, VERDICT, { value: verdict });
}

/**
 * Ends the run as one that failed, and says when the task is tried again. It uses up an attempt of the method's policy,
 * and fails the task where none is left.
 *
 * @example throw new Retry("5m", "the printer is off");
 */
export class Retry extends Error {
  static {
    isOneInAllCopies(Retry, "Retry");
  }

  /**
   * @param after a length of time from now, or a point in time; null: as the policy's backoff says.
   * @throws TqError "invalid"
   */
  constructor(
    after: DurationLike | MomentLike | null = null,
    reason = "the method asks for a retry",
  ) {
    super(readReason(reason));
    this.name = "Retry";
    mark(this, { kind: "retry", when: after === null ? null : readWhen(after, "Retry") });
  }
}

/**
 * Puts the task off, without using up an attempt: what the run has written is rolled back, and the method is called
 * again later.
 *
 * @example throw new Snooze("1h", "the shop is closed");
 */
export class Snooze extends Error {
  static {
    isOneInAllCopies(Snooze, "Snooze");
  }

  /**
   * @param until a length of time from now, or a point in time. Less than 1 s, or a time that is past, counts as 1 s.
   * @throws TqError "invalid"
   */
  constructor(until: DurationLike | MomentLike, reason: string | null = null) {
    const why = reason === null ? null : readReason(reason);
    super(why ?? "the method asks for a later run");
    this.name = "Snooze";
    mark(this, { kind: "snooze", when: readWhen(until, "Snooze"), reason: why });
  }
}

/**
 * Ends the task as cancelled: what the run has written is rolled back, and it is not run again.
 *
 * @example throw new Cancel("the sale was deleted");
 */
export class Cancel extends Error {
  static {
    isOneInAllCopies(Cancel, "Cancel");
  }

  constructor(reason: string) {
    const why = reason === undefined ? "its method said so" : readReason(reason); // JavaScript may leave it out
    super(why);
    this.name = "Cancel";
    mark(this, { kind: "cancel", reason: why });
  }
}

/** A row takes a text alone, and JavaScript may give any value. */
function readReason(reason: unknown): string {
  return typeof reason === "string" ? cut(reason) : inspected(reason);
}

const LONGEST_MS = 36_500 * 86_400_000;

/** No snooze is shorter: a task may snooze for ever. */
export const SHORTEST_SNOOZE_MS = 1000;

function readWhen(value: unknown, name: string): When {
  const isLength = typeof value === "string" || (typeof value === "object" && value !== null);
  if (!isLength) {
    const given = inspected(value);
    throw new TqError(
      "invalid",
      `${name}: ${given} is no time; write a length like "5m", or a date`,
    );
  }
  const at = momentOf(value, name);
  if (at !== undefined) return { at: checkedMoment(at, name) };
  const delay = toMilliseconds(value as DurationLike, name);
  if (delay >= 0 && delay <= LONGEST_MS) return { delay };
  throw new TqError("invalid", `${name}: ${inspected(value)} is not between 0 s and 100 years`);
}

function checkedMoment(at: number, name: string): number {
  if (at - wallNow() <= LONGEST_MS) return at;
  const given = new Date(at).toISOString();
  throw new TqError("invalid", `${name}: ${given} is more than 100 years from now`);
}

/** The ms from now until then; 0 where that has passed. */
export function delayUntil(when: When, now: number): number {
  return "at" in when ? Math.max(when.at - now, 0) : when.delay;
}
