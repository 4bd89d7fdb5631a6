/**
 * The keys of the transaction's context that steer a push and are not stored with the task.
 * Tryton: https://docs.tryton.org/latest/server/topics/task_queue.html
 */
import { type DurationLike, toMilliseconds } from "../values/duration.ts";
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";

/** What a push can be given besides its call. Lengths of time count from the push. */
export interface PushOptions {
  readonly queue_name?: string | null | undefined;
  readonly queue_scheduled_at?: DurationLike | null | undefined;
  readonly queue_expected_at?: DurationLike | null | undefined;
  /** Instances a task: a positive integer, or true for the setting `queue.batch_size`. */
  readonly queue_batch?: number | boolean | string | null | undefined;
  /** Higher runs first; 0 unless given. */
  readonly queue_priority?: number | null | undefined;
}

export interface Placement {
  readonly queue: string;
  readonly priority: number;
  /** ms from now; null: at once. */
  readonly scheduledIn: number | null;
  readonly expectedIn: number | null;
  /** null: no division. */
  readonly batch: number | null;
}

const KEYS = [
  "queue_name",
  "queue_scheduled_at",
  "queue_expected_at",
  "queue_batch",
  "queue_priority",
] as const satisfies (keyof PushOptions)[];

/** Tryton drops these two before it stores the context. */
const DROPPED = new Set(["_check_access", "language"]);

/** Splits a context into where the task goes and what is stored with it; the context itself is not touched. */
export function splitContext(
  context: Readonly<Record<string, unknown>>,
  batchSize: number,
): { placement: Placement; stored: Record<string, unknown> } {
  const stored: Record<string, unknown> = {};
  for (const key of Object.keys(context)) {
    if (DROPPED.has(key) || (KEYS as readonly string[]).includes(key)) continue;
    if (key.startsWith("queue_")) {
      throw new TqError(
        "invalid",
        `Cannot push with the context key ${key}: it is not one of ${KEYS.join(", ")}${didYouMean(key, KEYS)}`,
      );
    }
    Object.defineProperty(stored, key, {
      value: context[key],
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return { placement: placement(context as PushOptions, batchSize), stored };
}

/** @throws TqError "invalid" with the key as the caller knows it, its value and what is allowed. */
export function placement(
  options: PushOptions,
  batchSize: number,
  names: Names = CONTEXT_NAMES,
): Placement {
  return {
    queue: queueName(options.queue_name ?? "default", names.queue_name),
    priority: priority(options.queue_priority ?? 0, names.queue_priority),
    scheduledIn: fromNow(options.queue_scheduled_at, names.queue_scheduled_at),
    expectedIn: fromNow(options.queue_expected_at, names.queue_expected_at),
    batch: batch(options.queue_batch ?? null, batchSize, names.queue_batch),
  };
}

/** What the caller wrote for each key. */
type Names = Readonly<Record<keyof PushOptions, string>>;

const CONTEXT_NAMES = Object.fromEntries(KEYS.map((key) => [key, key])) as Names;

function queueName(value: unknown, key: string): string {
  if (typeof value !== "string" || value === "") {
    throw refused(key, value, "the name of a queue, as text");
  }
  if (value.isWellFormed()) return value;
  throw refused(key, value, "a text without half a surrogate pair");
}

function priority(value: unknown, key: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw refused(key, value, "an integer; higher runs first");
}

function fromNow(value: unknown, key: string): number | null {
  if (value === undefined || value === null) return null;
  return Math.round(toMilliseconds(value as DurationLike, key));
}

function batch(value: unknown, batchSize: number, key: string): number | null {
  if (value === null || value === false) return null;
  if (value === true) return batchSize;
  const size = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof size === "number" && Number.isSafeInteger(size) && size > 0) return size;
  throw refused(key, value, `a positive integer, or true for ${batchSize}`);
}

function refused(key: string, value: unknown, allowed: string): TqError {
  return new TqError(
    "invalid",
    `Cannot push with ${key} = ${Bun.inspect(value)}: it must be ${allowed}`,
  );
}
