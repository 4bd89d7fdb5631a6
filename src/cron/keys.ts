/** The keys of a recurring task, beside its schedule and the policies of its tasks. A new key is a row of KEYS. */
import { TqError } from "../errors.ts";
import { inspected, quote, kindWords } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import { DEFAULT_QUEUE } from "../task.ts";
import { type DurationLike, formatDuration, toMilliseconds } from "../values/duration.ts";
import { encode } from "../values/encoding.ts";
import { text, whole } from "../values/option-kinds.ts";
import { zoneNamed } from "../values/time-zone.ts";

/** How slots are treated that passed while no worker ran. */
type Missed = "skip" | "once" | "all";

/** How a slot is treated whose earlier task has not ended. */
type Overlap = "allow" | "skip" | "wait";

/** The values of these keys; lengths of time are ms. */
export interface CronValues {
  /** `night.run`, or the name of a function. */
  readonly task: string;
  /** An IANA name; null: the zone of the machine that the workers run on. */
  readonly timeZone: string | null;
  /** Ids of records; empty: none. */
  readonly instances: number | readonly number[];
  /** JSON array of the encoded arguments. */
  readonly args: string;
  readonly queue: string;
  readonly priority: number;
  readonly user: number;
  readonly context: Readonly<Record<string, unknown>>;
  readonly missed: Missed;
  /** With "all" the most missed slots whose tasks run. */
  readonly catchUp: number;
  /** A slot that passed longer ago is not caught up; null: however long ago. */
  readonly grace: number | null;
  readonly overlap: Overlap;
  /** The start of each task is this much later at the most, by an amount that each database keeps. */
  readonly jitter: number;
}

export interface CronKey<Value> {
  /** undefined: it must be said. */
  readonly preset: Value;
  /** Completes "it must be …". */
  readonly allowed: string;
  /** @throws TqError "invalid" */
  readonly read: (value: unknown, name: string) => Value;
}

const MOST_CAUGHT_UP = 1_000;
const DAY_MS = 86_400_000;
const LONGEST_JITTER_MS = DAY_MS;
const LONGEST_GRACE_MS = 3_660 * DAY_MS;

const queue = text("the name of a queue");
const user = whole("a user id, from 0 up", 0);
const priority = whole("a whole number");

export const KEYS: { readonly [K in keyof CronValues]: CronKey<CronValues[K] | undefined> } = {
  task: {
    preset: undefined,
    ...text(`the name of a model and a method, like "night.run", or of a function`),
  },
  timeZone: {
    preset: null,
    allowed: `the name of a time zone like "Europe/Berlin"`,
    read: readZone,
  },
  instances: {
    preset: [],
    allowed: "an id, or a list of ids like [7, 8]",
    read: readInstances,
  },
  args: {
    preset: "[]",
    allowed: "a list",
    read: readArgs,
  },
  queue: { preset: DEFAULT_QUEUE, ...queue },
  priority: { preset: 0, ...priority },
  user: { preset: 0, ...user },
  context: {
    preset: {},
    allowed: "an object",
    read: readContext,
  },
  missed: {
    preset: "once",
    ...choice<Missed>("once", "skip", "all"),
  },
  catchUp: {
    preset: 100,
    ...whole(`a whole number from 1 to ${MOST_CAUGHT_UP}`, 1, MOST_CAUGHT_UP),
  },
  grace: {
    preset: null,
    ...length(0, LONGEST_GRACE_MS),
  },
  overlap: {
    preset: "allow",
    ...choice<Overlap>("allow", "skip", "wait"),
  },
  jitter: {
    preset: 0,
    ...length(0, LONGEST_JITTER_MS),
  },
};

function readZone(value: unknown, name: string): string {
  const zone = typeof value === "string" && value !== "" ? zoneNamed(value) : null;
  if (zone !== null && zone !== "") return zone;
  const near =
    typeof value === "string" ? didYouMean(value, Intl.supportedValuesOf("timeZone")) : "";
  throw refused(value, name, KEYS.timeZone.allowed + near);
}

function readInstances(value: unknown, name: string): number | readonly number[] {
  const isId = (id: unknown) => Number.isSafeInteger(id);
  if (isId(value)) return value as number;
  if (Array.isArray(value) && value.every(isId)) return value as number[];
  throw refusedKind(value, name, KEYS.instances.allowed);
}

function readArgs(value: unknown, name: string): string {
  if (Array.isArray(value)) return encode(value, name);
  throw refusedKind(value, name, KEYS.args.allowed);
}

function readContext(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusedKind(value, name, KEYS.context.allowed);
  }
  const reserved = Object.keys(value).find((key) => key === "cron" || key.startsWith("queue_"));
  if (reserved !== undefined) {
    throw new TqError("invalid", `${name} cannot have the key ${quote(reserved)}: tq sets it`);
  }
  encode(value, name);
  return value as Readonly<Record<string, unknown>>;
}

function choice<Word extends string>(...words: Word[]) {
  const allowed = `one of ${words.map((word) => quote(word)).join(", ")}`;
  const read = (value: unknown, name: string): Word => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw refused(value, name, allowed);
  };
  return { allowed, read };
}

function length(min: number, max: number) {
  const from = min === 0 ? "0 s" : formatDuration(min);
  const allowed = `a length of time like "10m", from ${from} to ${formatDuration(max)}`;
  const read = (value: unknown, name: string): number => {
    const isLength = typeof value === "string" || (typeof value === "object" && value !== null);
    if (!isLength || Array.isArray(value)) throw refused(value, name, allowed);
    const ms = toMilliseconds(value as DurationLike, name);
    if (ms >= min && ms <= max) return ms;
    throw refused(value, name, allowed);
  };
  return { allowed, read };
}

function refused(value: unknown, name: string, allowed: string): TqError {
  const shown = Array.isArray(value) ? quote(value) : inspected(value);
  return new TqError("invalid", `${name} cannot be ${shown}: it must be ${allowed}`);
}

/** Of what may be secret. */
function refusedKind(value: unknown, name: string, allowed: string): TqError {
  return new TqError("invalid", `${name} cannot be ${kindWords(value)}: it must be ${allowed}`);
}
