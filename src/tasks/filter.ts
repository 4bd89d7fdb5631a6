/**
 * The filter of `tq list|retry|cancel|delete|move`, of `tasks.list` and of HTTP, defined in one place. A new part is a row
 * of FILTERS, its type in PlainFilter, or in TaskFilter and in ReadFilter, and a condition in the store.
 */
import { TqError } from "../errors.ts";
import { fieldOf } from "../policies/table.ts";
import { quote } from "../quote.ts";
import type { PlainFilter, ReadFilter } from "../store/looking.ts";
import { didYouMean } from "../suggest.ts";
import { ENDED_STATES, TASK_STATES, type TaskState } from "../task.ts";
import type { DurationLike } from "../values/duration.ts";
import type { MomentLike } from "../values/moment.ts";
import { ago, type Kind, text, whole } from "../values/option-kinds.ts";
import { conditionsOf, type PathValue, writtenConditions } from "./path-condition.ts";

/** Which tasks are meant: those for which all holds that is given. */
export interface TaskFilter extends PlainFilter {
  /** Pushed before a point in time; `"7d"`: more than 7 days ago. */
  readonly pushedBefore?: DurationLike | MomentLike;
  /** Pushed at a point in time or later; `"7d"`: within the last 7 days. */
  readonly pushedAfter?: DurationLike | MomentLike;
  readonly endedBefore?: DurationLike | MomentLike;
  readonly endedAfter?: DurationLike | MomentLike;
  /** Values inside the call: `{ "args.order": 4711, "context.company": 1, "args.name": { has: "miller" } }`. */
  readonly where?: Readonly<Record<string, PathValue>>;
}

interface FilterRow {
  readonly help: string;
  /** Stands for the value in the help. */
  readonly hint: string;
  readonly kind: Kind<unknown>;
  /** Its flag, where that is not made of its key. */
  readonly flag?: string;
  /** Another name of the flag. */
  readonly alias?: string;
}

const anId = "the id of a task: a whole number from 1 up";

/** Those that have a flag, in the order of the help. */
const FILTERS = {
  states: { help: "Only tasks in these states", hint: "STATE", kind: states(), flag: "state" },
  queue: {
    help: "Only tasks of this queue; * and ? make a pattern, as in the next two",
    hint: "QUEUE",
    kind: text("the name of a queue"),
    alias: "name",
  },
  model: { help: "Only tasks of this model", hint: "MODEL", kind: text("the name of a model") },
  method: {
    help: "Only tasks of this method",
    hint: "METHOD",
    kind: text("the name of a method"),
  },
  ref: { help: "Only the task with this ref", hint: "TEXT", kind: text("the ref of a task") },
  refStarts: {
    help: "Only tasks whose ref begins with this text",
    hint: "TEXT",
    kind: text("the start of a ref"),
  },
  user: {
    help: "Only tasks of this user",
    hint: "ID",
    kind: whole("the id of a user: a whole number from 0 up", 0),
  },
  pushedBefore: {
    help: "Pushed longer ago, or before a point in time",
    hint: "7d",
    kind: ago(),
    alias: "older-than",
  },
  pushedAfter: {
    help: "Pushed within this time, or from a point in time on",
    hint: "1h",
    kind: ago(),
    alias: "newer-than",
  },
  endedBefore: {
    help: "Finished, failed or cancelled longer ago, or before a point in time",
    hint: "7d",
    kind: ago(),
  },
  endedAfter: {
    help: "Finished, failed or cancelled within this time, or from a point in time on",
    hint: "1h",
    kind: ago(),
  },
  argsHave: {
    help: "With this text in the arguments, in upper or lower case",
    hint: "TEXT",
    kind: text("text in the arguments"),
  },
  error: {
    help: "Failed with exactly this error: its first line counts, up to 300 characters",
    hint: "TEXT",
    kind: text("the first line of an error"),
  },
  reasonHas: {
    help: "With this text in the reason, in upper or lower case",
    hint: "TEXT",
    kind: text("text in the reason"),
  },
  after: { help: "Only tasks with a higher id", hint: "ID", kind: whole(anId, 1) },
  before: {
    help: "Only tasks with a lower id: the next page of a list",
    hint: "ID",
    kind: whole(anId, 1),
  },
} as const satisfies Partial<Record<keyof TaskFilter, FilterRow>>;

type FilterKey = keyof typeof FILTERS;

/** @internal The name of a part in HTTP. */
type FilterField = "state" | SnakeCase<Exclude<FilterKey, "states">>;

type SnakeCase<Key extends string> = Key extends `${infer Letter}${infer Rest}`
  ? `${Letter extends Lowercase<Letter> ? Letter : `_${Lowercase<Letter>}`}${SnakeCase<Rest>}`
  : Key;

/** @internal A part of the filter with its name in each way in. */
export interface FilterPart extends FilterRow {
  readonly key: FilterKey;
  /** On the command line, without its dashes: `pushed-before`. */
  readonly flag: string;
  /** In HTTP: `pushed_before`. */
  readonly field: FilterField;
}

/** @internal */
export const FILTER_PARTS: readonly FilterPart[] = Object.entries<FilterRow>(FILTERS).map(
  ([key, row]) => {
    const field = (row.flag ?? fieldOf(key)) as FilterField;
    return { ...row, key: key as FilterKey, field, flag: field.replaceAll("_", "-") };
  },
);

const LIMIT = whole("a whole number from 1 up", 1);

const KEYS: readonly string[] = [...Object.keys(FILTERS), "where", "limit"];

/**
 * Reads the filter that a program gives.
 *
 * @param verb for the sentence of a refusal: `list`
 * @throws TqError "invalid"
 */
export function readFilter(filter: unknown, verb: string, now: number): ReadFilter {
  const start = `Cannot ${verb} tasks: `;
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) {
    const why = `${quote(filter)} is no filter; give an object like { states: ["failed"] }`;
    throw new TqError("invalid", start + why);
  }
  const read: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(filter)) {
    if (!KEYS.includes(key)) {
      throw new TqError(
        "invalid",
        `${start}${quoteKey(key)} is not part of a filter${didYouMean(key, KEYS)}`,
      );
    }
    // A value that was forgotten must not make a filter match more.
    if (value === undefined) {
      const why = `${start}${key} cannot be undefined: give it a value, or leave it out`;
      throw new TqError("invalid", why);
    }
    read[key] = readPart(key, value as unknown, start + key, now);
  }
  return checked(read, start, (key) => key);
}

function quoteKey(key: string): string {
  return /^\w{1,60}$/.test(key) ? key : quote(key);
}

function readPart(key: string, value: unknown, name: string, now: number): unknown {
  if (key === "where") return conditionsOf(value, name);
  if (key === "limit") return LIMIT.read(value, name);
  return FILTERS[key as FilterKey].kind.read(value, name, { now, batchSize: null });
}

/** The filter of a command line or a query: the texts by their keys, and the conditions on the call. */
export interface WrittenFilter {
  readonly texts: ReadonlyMap<string, string>;
  readonly where: readonly string[];
  readonly nameOf: (part: FilterPart) => string;
  /** Calls `read`; one that collects problems catches what it throws. */
  readonly attempt?: <T>(read: () => T) => T | undefined;
  /** The zone of its times; default: that of this machine. */
  readonly zone?: string | undefined;
}

/**
 * Reads the filter of a command line or a query.
 *
 * @throws TqError "invalid"
 */
export function readWritten(
  { texts, where, nameOf, attempt = (read) => read(), zone }: WrittenFilter,
  now: number,
): ReadFilter {
  const read: Record<string, unknown> = {};
  const basis = { now, batchSize: null };
  for (const part of FILTER_PARTS) {
    const written = texts.get(part.key);
    if (written === undefined) continue;
    const { key, kind } = part;
    const name = nameOf(part);
    read[key] = attempt(() => kind.read(kind.readText(written, name, zone), name, basis));
  }
  if (where.length > 0) read["where"] = attempt(() => writtenConditions(where));
  const partOf = (key: string) => FILTER_PARTS.find((part) => part.key === key);
  const name = (key: string) => {
    const part = partOf(key);
    return part === undefined ? key : nameOf(part);
  };
  return attempt(() => checked(read, "", name)) ?? read;
}

/** Refuses what no task can match: it is a mistake, and an empty list would hide it. */
function checked(filter: ReadFilter, start: string, nameOf: (key: string) => string): ReadFilter {
  const { states, error, endedBefore, endedAfter } = filter;
  for (const [later, earlier] of [
    ["pushedBefore", "pushedAfter"],
    ["endedBefore", "endedAfter"],
    ["before", "after"],
  ] as const) {
    const [end = Infinity, begin = -Infinity] = [filter[later], filter[earlier]];
    if (end > begin + (later === "before" ? 1 : 0)) continue;
    const why = `no task is between ${nameOf(earlier)} and ${nameOf(later)}; are they the wrong way round?`;
    throw new TqError("invalid", start + why);
  }
  const isEnded = (state: TaskState) => ENDED_STATES.some((one) => one === state);
  if ((endedBefore ?? endedAfter) !== undefined && states && !states.some(isEnded)) {
    const key = endedBefore === undefined ? "endedAfter" : "endedBefore";
    const why = `${nameOf(key)} is about tasks that have ended, and none that is ${states.join(" or ")} has`;
    throw new TqError("invalid", start + why);
  }
  if (error !== undefined && states?.includes("failed") === false) {
    const why = `${nameOf("error")} is about tasks that have failed, and none that is ${states.join(" or ")} has`;
    throw new TqError("invalid", start + why);
  }
  return filter;
}

/** A list of states; as text, with commas between them. */
function states(): Kind<TaskState[]> {
  const allowed = `one of ${TASK_STATES.join(", ")}`;
  const one = (given: unknown, name: string): TaskState => {
    const state = TASK_STATES.find((known) => known === given);
    if (state !== undefined) return state;
    const near = typeof given === "string" ? didYouMean(given, TASK_STATES) : "";
    throw new TqError("invalid", `${name} cannot be ${quote(given)}: it must be ${allowed}${near}`);
  };
  const read = (value: unknown, name: string) => {
    if (Array.isArray(value)) return [...new Set(value.map((given: unknown) => one(given, name)))];
    throw new TqError("invalid", `${name} cannot be ${quote(value)}: it must be a list of states`);
  };
  const readText = (written: string, name: string) =>
    written.split(",").map((word) => one(word.trim(), name));
  const json = { type: "array", items: { enum: TASK_STATES } };
  return { json, allowed, read, readJson: read, readText };
}
