/**
 * The parts of a push, defined in one place: the call, and the options of its tasks. The flags of `tq push`, the fields of HTTP, the
 * keys of a context, those of `push()` and the tables of docs/ are made from the two tables; a test compares them
 * with `tq_push`, the view for plain SQL.
 *
 * A new option is a row of OPTIONS and its type in PushOptions, and a column in the store.
 */
import { TqError } from "../errors.ts";
import { DEFAULT_QUEUE } from "../task.ts";
import type { Backoff, BackoffFunction } from "../policies/backoff.ts";
import { PUSHED_KEYS, pushedJson, type Said } from "../policies/read.ts";
import { fieldOf, POLICIES } from "../policies/table.ts";
import { policyKind } from "./policy-kind.ts";
import type { Duration, DurationLike } from "../values/duration.ts";
import type { MomentLike } from "../values/moment.ts";
import { type Basis, batch, type Kind, orNone, text, time, whole } from "../values/option-kinds.ts";
import type { NewTask } from "../task.ts";

/** One call to store: what `__queue__` takes from the class, the context and the arguments, by name. */
export type PushOptions = CallOptions & (MethodCall | FunctionCall);

/** A method of a model, called on instances. */
export interface MethodCall {
  readonly method: string;
  /** An id, a record, or a list of them. */
  readonly instances: unknown;
}

/** A plain function: it has a name alone. */
export interface FunctionCall {
  readonly method?: undefined;
  readonly instances?: undefined;
}

export interface CallOptions {
  /** The name of the model, or of the function. */
  readonly model: string;
  readonly args?: readonly unknown[];
  /** Default: the current transaction's user, else 0. */
  readonly user?: number;
  /** Default: the current transaction's context without its `queue_*` keys, else empty. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly queue?: string;
  /** Higher runs first. */
  readonly priority?: number;
  /** A length of time counts from now; null or none: at once. */
  readonly scheduledAt?: DurationLike | MomentLike | null;
  readonly expectedAt?: DurationLike | MomentLike | null;
  /** The task is cancelled where its first run has not begun by then; null or "none": never, whatever its policy says. */
  readonly expiresAt?: DurationLike | MomentLike | null;
  /** How many runs of the task may fail before it does, instead of what the policy of its method says. */
  readonly attempts?: number | null;
  /** How long to wait before each further attempt. */
  readonly backoff?: Exclude<Backoff, BackoffFunction> | null;
  /** The longest time of one run; null or "none": no limit, whatever its policy says. */
  readonly timeout?: Duration | "none" | null;
  /** Instances per task; true: the setting `queue.batch_size`. Only for a list, and where workers run the tasks. */
  readonly batch?: number | boolean | null;
  /** A text of your choosing, unique among all tasks; with it a push can be made twice without harm. */
  readonly ref?: string | null;
}

/** A call of `__queue__` takes these by `with`: the options of `push()` that are no part of the call. */
export type TaskOptions = Omit<CallOptions, "model" | "args" | "user" | "context">;

/** @internal What both tables say. */
export interface Row {
  /** Its meaning, for the help and docs/. */
  readonly help: string;
  /** Its column must be this, as `tq_push` says it; null: it has no such column. */
  readonly sql: string | null;
  /** Stands for the value in the help of its flag. */
  readonly hint?: string;
  /** The default; undefined: it is required. */
  readonly preset?: unknown;
}

/** @internal The call. A member without `kind` has a form of its own in each way in. */
export const CALL = {
  model: {
    help: "The name of a model, such as sale, or of a function",
    sql: "the name of a model, as text",
    kind: text("the name of a model"),
  },
  method: {
    help: "The name of one of its methods; required for a method, left out for a function",
    sql: "the name of a method, as text",
    kind: text("the name of a method"),
  },
  instances: {
    help: "The records on which the method is called, by their ids; required for a method, left out for a function",
    sql: "JSON: an id, or a list of ids like [7, 8]",
  },
  args: {
    help: "The arguments, in their order",
    sql: "a JSON array",
    hint: "JSON",
    preset: [],
  },
  kwargs: {
    help: "An object passed as a last argument, unless it is empty",
    sql: "a JSON object",
    preset: {},
  },
  user: {
    help: "The id of the user that the task runs as",
    sql: "an integer",
    hint: "ID",
    preset: 0,
    kind: whole("the id of a user: a whole number from 0 to 9007199254740991", 0),
  },
  context: {
    help: "The context that the task runs with; no key of it may begin with queue_",
    sql: "a JSON object",
    hint: "JSON",
    preset: {},
  },
} as const satisfies Record<string, Row & { readonly kind?: Kind<unknown> }>;

interface OptionRow<Column> extends Row {
  readonly kind: Kind<Column>;
  readonly preset: Column | null;
  /** The key of the context that says it to `__queue__`; null: no key does. */
  readonly context: string | null;
  /** Another name of the flag. */
  readonly alias?: string;
  /** True where null means "none"; elsewhere it counts as not given. */
  readonly hasNone?: true;
}

/** @internal The options. Each but `batch` becomes the column of the same name in every task of the push. */
export const OPTIONS = {
  queue: {
    help: "The queue to put the task in",
    kind: text("the name of a queue"),
    preset: DEFAULT_QUEUE,
    context: "queue_name",
    sql: "the name of a queue, as text",
    hint: "QUEUE",
    alias: "name",
  },
  priority: {
    help: "Higher runs first",
    kind: whole("a whole number; higher runs first"),
    preset: 0,
    context: "queue_priority",
    sql: "an integer",
    hint: "N",
  },
  scheduledAt: {
    help: "The earliest start; a length of time counts from now",
    kind: time(),
    preset: null,
    context: "queue_scheduled_at",
    sql: "ms since 1970 UTC, or text like +5 minutes",
    hint: "5m",
  },
  expectedAt: {
    help: "When it should be finished: sets the order, and lateness is measured by it; it stops no late task",
    kind: time(),
    preset: null,
    context: "queue_expected_at",
    sql: "ms since 1970 UTC, or text like +5 minutes",
    hint: "1h",
  },
  expiresAt: {
    help: "The task is cancelled where its first run has not begun by then",
    kind: orNone(time()),
    preset: null,
    context: "queue_expires_at",
    sql: "ms since 1970 UTC, text like +5 minutes, or none",
    hint: "1h",
    hasNone: true,
  },
  attempts: {
    help: POLICIES.attempts.help,
    kind: policyKind(POLICIES.attempts, { type: "integer", minimum: 1, maximum: 1_000_000 }),
    preset: null,
    context: "queue_attempts",
    sql: "an integer from 1 to 1000000",
    hint: "N",
  },
  backoff: {
    help: POLICIES.backoff.help,
    kind: policyKind(POLICIES.backoff, { type: ["string", "number", "array", "object"] }),
    preset: null,
    context: "queue_backoff",
    sql: `text: exponential, linear, fixed, a length like 30s, or JSON like ["10s", "1m"]`,
    hint: "10s,1m",
  },
  timeout: {
    help: POLICIES.timeout.help,
    kind: policyKind(POLICIES.timeout, { type: ["string", "number", "object", "null"] }),
    preset: null,
    context: "queue_timeout",
    sql: "text: a length of time like 30s or 1h30m, from 10ms to 20d, or none",
    hint: "30s",
    hasNone: true,
  },
  batch: {
    help: "How many instances each task gets, where several are given",
    kind: batch(),
    preset: null,
    context: "queue_batch",
    sql: null,
    hint: "N|true",
  },
  ref: {
    help: "A text of your choosing, unique among all tasks, by which you find the task",
    kind: text("a name that no other task has"),
    preset: null,
    context: null,
    sql: "text",
    hint: "TEXT",
  },
} satisfies Record<keyof TaskOptions, OptionRow<unknown>>;

type Options = typeof OPTIONS;

type OptionKey = keyof Options;

type ColumnOf<Option> = Option extends OptionRow<infer Column> ? Column : never;

type PolicyOption = (typeof PUSHED_KEYS)[number];

/** @internal What a push's options put into each of its tasks. */
export type OptionColumns = {
  readonly [K in Exclude<OptionKey, "batch" | PolicyOption>]: ColumnOf<Options[K]>;
} & Pick<NewTask, "policy">;

/** @internal An option with its name in each way in. */
export interface TaskOption extends OptionRow<unknown> {
  /** In `push()`: `scheduledAt`. */
  readonly key: OptionKey;
  /** In HTTP and in `tq_push`: `scheduled_at`. */
  readonly field: string;
  /** On the command line, without its dashes: `scheduled-at`. */
  readonly flag: string;
}

/** @internal Every option, in the order of the help. */
export const TASK_OPTIONS: readonly TaskOption[] = Object.entries<OptionRow<unknown>>(OPTIONS).map(
  ([key, row]) => {
    const field = fieldOf(key);
    return { ...row, key: key as OptionKey, field, flag: field.replaceAll("_", "-") };
  },
);

/** @internal */
export const OPTIONS_BY_KEY: ReadonlyMap<string, TaskOption> = new Map(
  TASK_OPTIONS.map((option) => [option.key, option]),
);

/** @internal */
export const OPTIONS_BY_CONTEXT_KEY: ReadonlyMap<string, TaskOption> = new Map(
  TASK_OPTIONS.flatMap((option) => (option.context === null ? [] : [[option.context, option]])),
);

/** @internal A preset for people to read. */
export function presetWords(preset: unknown): string {
  if (preset === undefined) return "required";
  if (preset === null) return "none";
  return typeof preset === "string" ? preset : JSON.stringify(preset);
}

const COLUMN_KEYS = TASK_OPTIONS.filter(
  ({ key }) => key !== "batch" && !(PUSHED_KEYS as readonly OptionKey[]).includes(key),
);

/**
 * @internal The columns of each task of a push.
 *
 * @param given the values that were read; an option that is absent or undefined has its preset, as one that is null and
 * has no "none".
 * @param start begins the sentence of an error.
 * @throws TqError "invalid" where the task would expire before it may start.
 */
export function toColumns(
  given: Readonly<Partial<Record<OptionKey, unknown>>>,
  { now }: Pick<Basis, "now">,
  start = "Cannot push: ",
): OptionColumns {
  const said = given.expiresAt === null ? { ...given, expires: null } : given;
  const columns: Record<string, unknown> = { policy: pushedJson(said as Said) };
  for (const { key, preset } of COLUMN_KEYS) columns[key] = given[key] ?? preset;
  const { expiresAt, scheduledAt } = columns as unknown as OptionColumns;
  if (expiresAt !== null && expiresAt <= Math.max(scheduledAt ?? now, now)) {
    throw new TqError("invalid", `${start}the task would expire before it may start`);
  }
  return columns as unknown as OptionColumns;
}

/** @internal The columns where no option is given. */
export const PRESETS = toColumns({}, { now: 0 });
