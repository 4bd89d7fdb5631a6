/** How long a task waits before its next attempt: the forms of a policy's backoff, and the delays they stand for. */
import { TqError } from "../errors.ts";
import { inspected, quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import { checkedFunction, notPromise } from "./policy-function.ts";
import { isPlain } from "../values/plain.ts";
import {
  type Duration,
  formatDuration,
  HOUR_MS,
  isLikeUnit,
  parseDuration,
  SECOND_MS,
  toMilliseconds,
} from "../values/duration.ts";

const SHAPES = ["exponential", "linear", "fixed"] as const;

type Shape = (typeof SHAPES)[number];

/** How the waits between attempts grow. */
interface BackoffRule {
  /** Default: `"exponential"`. */
  readonly kind?: Shape;
  /** The first wait; default: 10 s. */
  readonly first?: Duration;
  /** By how much each wait of `"exponential"` is longer than the one before; default: 2. */
  readonly factor?: number;
  /** No wait is longer; default: 1 h, or `first` where that is longer. */
  readonly longest?: Duration;
  /** The random part of each wait, from 0 to 1; true: 1. Default: 1, and 0 for `"fixed"`. */
  readonly jitter?: number | boolean;
}

/**
 * How long to wait after an attempt that failed: a function gets the error and the number of the attempt, from 1, and
 * returns the length of time, or null for a task that is not to be tried again.
 */
export type BackoffFunction = (error: unknown, attempt: number) => Duration | null;

/** The wait before each attempt: a word, a rule, one wait for all, a list whose last wait repeats, or a function. */
export type Backoff = Shape | BackoffRule | Duration | readonly Duration[] | BackoffFunction;

/** A rule with all its values; lengths are ms. */
export interface Growing {
  readonly kind: Shape;
  readonly first: number;
  readonly factor: number;
  readonly longest: number;
  readonly jitter: number;
}

/** A backoff that was read: a rule, the waits of a list in ms, or the function of a model. */
export type ReadBackoff = Growing | readonly number[] | BackoffFunction;

export const DEFAULT_BACKOFF: Growing = growing("exponential");

export const BACKOFF_ALLOWED = `"exponential", "linear" or "fixed", a length of time like "30s", a list like ["10s", "1m", "10m"], or { kind, first, factor, longest, jitter }`;

/** No wait is longer than a year. */
const LONGEST_WAIT_MS = 365 * 24 * HOUR_MS;

const RULE_KEYS = ["kind", "first", "factor", "longest", "jitter"] as const;

/**
 * Reads a backoff.
 *
 * @param name begins the sentence of an error.
 * @throws TqError "invalid"
 */
export function readBackoff(value: unknown, name: string): ReadBackoff {
  if (typeof value === "function") return checkedFunction(value, name) as BackoffFunction;
  if (typeof value === "string") return readText(value, name);
  if (Array.isArray(value)) return readList(Array.from<unknown>(value), name); // its holes are refused
  if (value instanceof Temporal.Duration) return [readWait(value, name)];
  if (typeof value === "object" && value !== null) return readRule(value, name);
  if (typeof value === "number") return [readWait(value, name)]; // its sentence says what is wrong
  throw refused(value, name);
}

/** Names that BullMQ and others give to the parts of a rule. */
const RULE_NAMES: Readonly<Record<string, string>> = {
  type: "kind",
  strategy: "kind",
  delay: "first",
  base: "first",
  initial: "first",
  min: "first",
  max: "longest",
  maxDelay: "longest",
  multiplier: "factor",
};

function ruleHint(key: string): string {
  const name = Object.hasOwn(RULE_NAMES, key) ? RULE_NAMES[key] : undefined;
  return name === undefined ? didYouMean(key, RULE_KEYS) : `; say ${name}`;
}

function readText(text: string, name: string): ReadBackoff {
  if (isShape(text)) return growing(text);
  if (/^[+-]?[\dpP.]/.test(text)) return [readWait(text, name)];
  throw refused(text, name, didYouMean(text, SHAPES));
}

function readList(list: readonly unknown[], name: string): readonly number[] {
  const areLengths = list.every((wait) => typeof wait !== "number" && !Array.isArray(wait));
  if (!areLengths) throw refused(list, name);
  if (list.length > 0 && list.length <= 1000) {
    return list.map((wait, index) => readWait(wait, `${name}[${index}]`));
  }
  throw refused(list, name, list.length === 0 ? "; the list is empty" : "; the list is too long");
}

function readRule(rule: object, name: string): ReadBackoff {
  const given = Object.entries(rule).filter(([, value]) => value !== undefined);
  // One length of time may be written with named units: { minutes: 5 }.
  if (!given.some(([key]) => isRuleKey(key)) && given.some(([key]) => isLikeUnit(key))) {
    return [readWait(rule, name)];
  }
  if (!isPlain(rule)) throw refused(rule, name);
  for (const [key] of given) {
    if (!isRuleKey(key)) throw refused(rule, name, `; ${key} is not a part of it${ruleHint(key)}`);
  }
  const { kind = "exponential", first, factor, longest, jitter } = Object.fromEntries(given);
  if (!isShape(kind)) throw notShape(kind, `${name}.kind`);
  const base = growing(kind);
  const start = first === undefined ? base.first : readWait(first, `${name}.first`);
  const end =
    longest === undefined ? Math.max(base.longest, start) : readWait(longest, `${name}.longest`);
  if (end < start) {
    const why = `${formatDuration(end)} is shorter than first, ${formatDuration(start)}`;
    throw new TqError("invalid", `${name}.longest: ${why}`);
  }
  return {
    kind,
    first: start,
    longest: end,
    factor: factor === undefined ? base.factor : readNumber(factor, `${name}.factor`, 1, 100),
    jitter: jitter === undefined ? base.jitter : readJitter(jitter, `${name}.jitter`),
  };
}

function growing(kind: Shape): Growing {
  const jitter = kind === "fixed" ? 0 : 1;
  return { kind, first: 10 * SECOND_MS, factor: 2, longest: HOUR_MS, jitter };
}

function isShape(value: unknown): value is Shape {
  return (SHAPES as readonly unknown[]).includes(value);
}

function notShape(kind: unknown, name: string): TqError {
  const near = typeof kind === "string" ? didYouMean(kind, SHAPES) : "";
  const allowed = `"exponential", "linear" or "fixed"${near}`;
  return new TqError("invalid", `${name} cannot be ${inspected(kind)}: it must be ${allowed}`);
}

function isRuleKey(key: string): boolean {
  return (RULE_KEYS as readonly string[]).includes(key);
}

function readWait(value: unknown, name: string): number {
  if (typeof value !== "string" && (typeof value !== "object" || value === null)) {
    const isNumber = typeof value === "number" && value > 0 && value < Infinity;
    const advice = isNumber
      ? `has no unit; write it like "${value}s" or "${value}ms"`
      : 'is not a length of time; write it like "30s"';
    throw new TqError("invalid", `${name}: ${inspected(value)} ${advice}`);
  }
  const ms =
    typeof value === "string" ? parseDuration(value, name) : toMilliseconds(value as object, name);
  if (ms >= 0 && ms <= LONGEST_WAIT_MS) return ms;
  throw new TqError("invalid", `${name}: ${quote(value)} is not between 0 s and 365 d`);
}

function readJitter(value: unknown, name: string): number {
  return readNumber(typeof value === "boolean" ? Number(value) : value, name, 0, 1);
}

function readNumber(value: unknown, name: string, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw new TqError(
    "invalid",
    `${name} cannot be ${inspected(value)}: it must be a number from ${min} to ${max}`,
  );
}

function refused(value: unknown, name: string, hint = ""): TqError {
  return new TqError(
    "invalid",
    `${name} cannot be ${quote(value)}: it must be ${BACKOFF_ALLOWED}${hint}`,
  );
}

/**
 * The ms to wait after this attempt.
 *
 * @param attempt from 1.
 * @returns null where a function says that the task is not to be tried again.
 * @throws what the function throws, and TqError "invalid" where it returns no length of time.
 */
export function waitAfter(
  backoff: ReadBackoff,
  attempt: number,
  error: unknown,
  random: () => number = Math.random,
): number | null {
  if (typeof backoff === "function") {
    const wait = notPromise(backoff(error, attempt));
    return wait === null ? null : readWait(wait, "what it returned");
  }
  if (isList(backoff)) return backoff[Math.min(attempt, backoff.length) - 1] ?? 0;
  const whole = Math.min(grown(backoff, attempt), backoff.longest);
  return Math.ceil(whole * (1 - backoff.jitter + backoff.jitter * random()));
}

function grown({ kind, first, factor }: Growing, attempt: number): number {
  if (kind === "fixed") return first;
  return kind === "linear" ? first * attempt : first * factor ** (attempt - 1);
}

function isList(backoff: Growing | readonly number[]): backoff is readonly number[] {
  return Array.isArray(backoff);
}

/** A backoff as JSON, from which `readBackoff` makes the same; null for a function. */
export function backoffJson(backoff: ReadBackoff): unknown {
  if (typeof backoff === "function") return null;
  if (isList(backoff)) return backoff.map((wait) => `${wait}ms`);
  return { ...backoff, first: `${backoff.first}ms`, longest: `${backoff.longest}ms` };
}

/** A backoff for a person to read. */
export function backoffWords(backoff: ReadBackoff): string {
  if (typeof backoff === "function") return "a function of the model";
  if (isList(backoff)) return backoff.map(formatDuration).join(", ");
  const { kind, first, factor, longest, jitter } = backoff;
  const random = jitter === 0 ? "" : jitter === 1 ? ", at random" : `, ${jitter * 100} % at random`;
  if (kind === "fixed") return `${formatDuration(first)}${random}`;
  const grows =
    kind === "linear" ? "longer by as much each time" : `${factor} times longer each time`;
  return `${formatDuration(first)}, ${grows}, up to ${formatDuration(longest)}${random}`;
}
