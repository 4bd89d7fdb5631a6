/**
 * How tasks run, defined in one place: how often, how long, and what counts as failed. A model says it in `static
 * tasks`, an operator in `[tasks."model.method"]` of tq.toml, and a push for its own tasks. The push wins over tq.toml,
 * that over the model, that over the preset.
 *
 * A new policy is a row of POLICIES and its type in TaskPolicy.
 */
import { TqError } from "../errors.ts";
import { inspected, quote } from "../quote.ts";
import {
  DAY_MS,
  type Duration,
  type DurationLike,
  formatDuration,
  parseDuration,
  toMilliseconds,
} from "../values/duration.ts";
import { NONE, whole } from "../values/option-kinds.ts";
import {
  type Backoff,
  backoffJson,
  BACKOFF_ALLOWED,
  backoffWords,
  DEFAULT_BACKOFF,
  type ReadBackoff,
  readBackoff,
} from "./backoff.ts";
import { type ErrorClass, type ErrorFilter, filterWords, readFilter } from "./error-filter.ts";

export type Instances = "one" | "many";

/** How the tasks of one method run, as a model says it. */
export interface TaskPolicy {
  /** How many runs may fail before the task does, the first one included; default: 1. */
  readonly attempts?: number;
  /** How long to wait before each further attempt; default: a random time of up to 10 s, 20 s, 40 s, … 1 h. */
  readonly backoff?: Backoff;
  /** The errors that are tried again, by their classes or names, or a function; default: all but UserError. */
  readonly retryOn?: ErrorFilter | ErrorClass | string;
  /** The errors that fail the task at once, whatever `retryOn` says; default: none. */
  readonly failOn?: ErrorFilter | ErrorClass | string;
  /** The longest time of one run; default: no limit, as null and "none". */
  readonly timeout?: Duration | "none" | null;
  /** A task that has not started this long after it could is cancelled; default: no limit, as null and "none". */
  readonly expires?: Duration | "none" | null;
  /**
   * A method of the same model, which a task calls once a task has failed for good: on its records, with a `Failure`. For
   * a function: the name of another function. Default: none, as null and "none".
   */
  readonly onFailed?: string | null;
  /** A task none of whose records exists finishes without a call, or fails; default: `"skip"`. */
  readonly missing?: "skip" | "fail";
  /**
   * false: the method runs alone and outside any transaction, for long I/O or code with a connection of its
   * own. It may start transactions; the claim of its task guards its end all the same. Default: true.
   */
  readonly transaction?: boolean;
  /**
   * true: a task fails whose method ends without having awaited each query, write and push of tq that it began. The
   * error names the line. Default: false.
   */
  readonly strict?: boolean;
  /**
   * The records that a static method takes. `"many"`: always a list, of one record where one id was pushed; `"one"`:
   * one record, and for a list it is called with each in turn. Default: as they were pushed.
   */
  readonly instances?: Instances;
}

/** A policy with all its values: lengths of time are ms, null is no limit. */
export interface Policy {
  readonly attempts: number;
  readonly backoff: ReadBackoff;
  readonly retryOn: ErrorFilter | null;
  readonly failOn: ErrorFilter | null;
  readonly timeout: number | null;
  readonly expires: number | null;
  readonly onFailed: string | null;
  readonly missing: "skip" | "fail";
  readonly transaction: boolean;
  readonly strict: boolean;
  readonly instances: Instances | null;
}

export type PolicyKey = keyof TaskPolicy;

export interface PolicyRow<Value> {
  /** Its meaning, for the help and docs/. */
  readonly help: string;
  readonly preset: Value;
  /** Completes "it must be …". */
  readonly allowed: string;
  /** Reads a value of a model, of tq.toml, or one that a push has stored. @throws TqError "invalid" */
  readonly read: (value: unknown, name: string) => Value;
  /** The value as JSON from which `read` makes the same; null: it has no such form. */
  readonly toJson: (value: Value) => unknown;
  readonly words: (value: Value) => string;
  /** True where only a model can say it. */
  readonly onlyModel?: boolean;
}

const MOST_ATTEMPTS = 1_000_000;

/** A timer of JavaScript counts up to 24 days. */
const LONGEST_TIMEOUT_MS = 20 * DAY_MS;
const SHORTEST_TIMEOUT_MS = 10;

const attempts = whole(`a whole number from 1 to ${MOST_ATTEMPTS}`, 1, MOST_ATTEMPTS);

export const POLICIES: { readonly [K in PolicyKey]: PolicyRow<Policy[K]> } = {
  attempts: {
    help: "How many runs may fail before the task does",
    preset: 1,
    allowed: attempts.allowed,
    read: attempts.read,
    toJson: (count) => count,
    words: String,
  },
  backoff: {
    help: "How long to wait before each further attempt",
    preset: DEFAULT_BACKOFF,
    allowed: BACKOFF_ALLOWED,
    read: readBackoff,
    toJson: backoffJson,
    words: backoffWords,
  },
  retryOn: filterRow("The errors that are tried again, by their names", "all but UserError"),
  failOn: filterRow("The errors that fail the task at once, by their names", "none"),
  timeout: lengthRow("The longest time of one run", SHORTEST_TIMEOUT_MS, LONGEST_TIMEOUT_MS),
  expires: lengthRow("The longest wait for the start of the first run", 0, 36_500 * DAY_MS),
  onFailed: nameRow("What a task calls once a task has failed for good, to tell of it"),
  missing: {
    help: "What becomes of a task none of whose records exists",
    preset: "skip",
    ...choice<Policy["missing"]>("skip", "fail"),
    toJson: (value) => value,
    words: String,
  },
  transaction: {
    ...flagRow("Whether the method runs inside a transaction", true),
    onlyModel: true,
  },
  strict: flagRow("Whether a task fails that ends without awaiting what it began", false),
  instances: {
    help: "Whether a static method takes one record or a list of them",
    preset: null,
    ...choice<Instances>("one", "many"),
    toJson: (value) => value,
    words: (value) => value ?? "as pushed",
    onlyModel: true,
  },
};

export const POLICY_KEYS = Object.keys(POLICIES) as readonly PolicyKey[];

/** The values that count where nothing is said. */
export const PRESET_POLICY = Object.fromEntries(
  POLICY_KEYS.map((key) => [key, POLICIES[key].preset]),
) as unknown as Policy;

/** The name of a policy, or of an option of a push, in tq.toml and in JSON: `retry_on`. */
export function fieldOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** @param preset in words: the errors that are meant where nothing is said. */
function filterRow(help: string, preset: string): PolicyRow<ErrorFilter | null> {
  const allowed = "the name or the class of an error, a list of them, or a function";
  return {
    help,
    preset: null,
    allowed,
    read: (value, name) => readFilter(value, name, allowed),
    toJson: () => null, // no push says it
    words: (filter) => (filter === null ? preset : filterWords(filter)),
  };
}

function nameRow(help: string): PolicyRow<string | null> {
  const allowed = `for a method the name of a method of the same model, for a function that of a function, or "${NONE}"`;
  const read = (value: unknown, name: string): string | null => {
    if (value === null || value === NONE) return null;
    if (typeof value === "string" && value !== "") return value;
    throw refused(value, name, allowed);
  };
  const toJson = (value: string | null) => value ?? NONE;
  return { help, preset: null, allowed, read, toJson, words: (value) => value ?? NONE };
}

function flagRow(help: string, preset: boolean): PolicyRow<boolean> {
  const allowed = "true or false";
  const read = (value: unknown, name: string): boolean => {
    if (typeof value === "boolean") return value;
    throw refused(value, name, allowed);
  };
  return { help, preset, allowed, read, toJson: (value) => value, words: String };
}

function choice<Word extends string>(one: Word, other: Word) {
  const allowed = `"${one}" or "${other}"`;
  const read = (value: unknown, name: string): Word => {
    if (value === one || value === other) return value as Word;
    throw refused(value, name, allowed);
  };
  return { allowed, read };
}

function lengthRow(help: string, min: number, max: number): PolicyRow<number | null> {
  const from = min === 0 ? "0 s" : formatDuration(min);
  const allowed = `a length of time like "30s", from ${from} to ${formatDuration(max)}, or "${NONE}"`;
  const read = (value: unknown, name: string): number | null => {
    if (value === null || value === NONE) return null;
    const ms = readLength(value, name, allowed);
    if (ms >= min && ms <= max) return ms;
    throw refused(value, name, allowed);
  };
  const words = (ms: number | null) => (ms === null ? "no limit" : formatDuration(ms));
  return {
    help,
    preset: null,
    allowed,
    read,
    toJson: (ms) => (ms === null ? NONE : `${ms}ms`),
    words,
  };
}

function readLength(value: unknown, name: string, allowed: string): number {
  if (typeof value === "string") return parseDuration(value, name);
  if (
    (typeof value === "number" && value !== 0) ||
    (typeof value === "object" && value !== null && !Array.isArray(value))
  ) {
    return toMilliseconds(value as DurationLike, name);
  }
  throw refused(value, name, allowed);
}

function refused(value: unknown, name: string, allowed: string): TqError {
  const shown = Array.isArray(value) ? quote(value) : inspected(value);
  return new TqError("invalid", `${name} cannot be ${shown}: it must be ${allowed}`);
}
