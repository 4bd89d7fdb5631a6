/** Pauses and resumes queues and methods, in the current transaction where there is one. */
import { didYouMeanCall, isOfAny } from "../call-patterns.ts";
import { callsOf } from "../catalog.ts";
import { isPattern } from "../patterns.ts";
import { userAndHost } from "../user-name.ts";
import { TqError } from "../errors.ts";
import { inspected } from "../quote.ts";
import { targetWords } from "../store/pause-words.ts";
import type { NewPause, Pause, PauseTarget } from "../store/pauses.ts";
import { unknownOption } from "../suggest.ts";
import type { Runtime } from "../transaction/runtime.ts";
import type { DurationLike } from "../values/duration.ts";
import type { MomentLike } from "../values/moment.ts";
import { text, time } from "../values/option-kinds.ts";
import { move } from "./moves.ts";

/** A queue, or a method or function; each may be a pattern, such as `label*` or `sale.*`. */
export type Pausing =
  | { readonly queue: string; readonly task?: never }
  | { readonly task: string; readonly queue?: never };

export interface PauseOptions {
  /** Why, for the people who wonder. */
  readonly reason?: string;
  /** When it ends by itself: a length of time from now, or a point in time. Default: when it is resumed. */
  readonly until?: DurationLike | MomentLike;
  /** The person or program that pauses; default: the user of this process, and its host. */
  readonly by?: string;
}

/** @internal */
export const NAMES = {
  queue: text("the name or pattern of queues"),
  task: text("the name or pattern of methods, such as sale.process, or of functions"),
} as const;

/** @internal */
export const REASON = text("why it is paused");

/** @internal */
export const BY = text("the person or program that pauses");
const UNTIL = time();

/** @internal @param start begins the sentence of an error, as "Cannot pause: ". */
export function readTarget(given: Pausing, start: string): PauseTarget {
  checkKeys(given ?? {}, ["queue", "task"], start);
  const { queue, task } = (given ?? {}) as { queue?: unknown; task?: unknown };
  if ((queue === undefined) === (task === undefined)) {
    throw new TqError("invalid", `${start}give either a queue or a task, as { queue: "print" }`);
  }
  const kind = queue === undefined ? "task" : "queue";
  return { kind, name: NAMES[kind].read(queue ?? task, start + kind) };
}

/** Refuses a key that there is not: without its meaning a pause may last for ever. */
function checkKeys(options: object, known: readonly string[], start: string): void {
  if (typeof options !== "object" || options === null) {
    const why = `${inspected(options)} is no object, such as { ${known[0]}: … }`;
    throw new TqError("invalid", start + why);
  }
  const unknown = unknownOption(options, known);
  if (unknown !== null) throw new TqError("invalid", start + unknown);
}

const OPTIONS = ["until", "reason", "by"] as const satisfies (keyof PauseOptions)[];

/** A value that was forgotten must not make a pause last for ever. */
function checkOptions(options: PauseOptions, start: string): void {
  checkKeys(options, OPTIONS, start);
  if (!("until" in options) || options.until !== undefined) return;
  const why = "until cannot be undefined: give a time, or leave it out";
  throw new TqError("invalid", start + why);
}

/** @internal The pause that these options say. */
export function newPause(
  target: PauseTarget,
  { reason, until, by }: PauseOptions,
  now: number,
  start = "Cannot pause: ",
): NewPause {
  const basis = { now, batchSize: null };
  const end = until === undefined ? null : UNTIL.read(until, `${start}until`, basis);
  if (end !== null && end <= now) {
    throw new TqError(
      "invalid",
      `${start}until has passed already; ${targetWords(target)} runs on`,
    );
  }
  return {
    ...target,
    by: by === undefined ? userAndHost() : BY.read(by, `${start}by`),
    reason: reason === undefined ? null : REASON.read(reason, `${start}reason`),
    until: end,
  };
}

export async function pause(of: Runtime, what: Pausing, options: PauseOptions): Promise<Pause> {
  const start = "Cannot pause: ";
  checkOptions(options, start);
  const target = readTarget(what, start);
  const made = newPause(target, options, of.store.now());
  warnOfUnknown(of, target);
  return move(
    of,
    (unit) => unit.session.pause(made),
    () => of.store.pauses.pause(made),
  );
}

/** Warns of a method that a model of this program lacks; of other models it knows nothing. */
function warnOfUnknown({ registry, report }: Runtime, { kind, name }: PauseTarget): void {
  const calls = kind === "task" && !isPattern(name) ? callsOf(registry.catalog()) : [];
  const model = name.slice(0, Math.max(name.lastIndexOf("."), 0));
  if (!calls.some((call) => call.model === model) || isOfAny(name, calls)) return;
  const near = didYouMeanCall(name, calls);
  const message = `Paused ${name}, and ${model} has no such method${near}`;
  report({ name: "log.note", level: "warn", message });
}

export async function resume(of: Runtime, what: Pausing): Promise<Pause> {
  const target = readTarget(what, "Cannot resume: ");
  return move(
    of,
    (unit) => unit.session.resume(target),
    () => of.store.pauses.resume(target),
  );
}
