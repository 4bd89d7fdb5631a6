/**
 * What a recurring task is: a section `[cron.nightly]` of tq.toml, an entry of `static cron` on a model, or a row that
 * `tq cron add` made. A new key is a row of KEYS.
 */
import { TqError } from "../errors.ts";
import { PUSHED_KEYS, pushedJson, readPolicies, type Said } from "../policies/read.ts";
import { fieldOf, type PolicyKey } from "../policies/table.ts";
import { inspected, quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import { DEFAULT_QUEUE } from "../task.ts";
import { formatDuration, parseDuration } from "../values/duration.ts";
import { encode } from "../values/encoding.ts";
import { text, whole } from "../values/option-kinds.ts";
import { zoneNamed } from "../values/time-zone.ts";
import { readSchedule, type Schedule } from "./schedule.ts";

/** What becomes of slots that passed while no worker ran. */
type Missed = "skip" | "once" | "all";

/** What becomes of a slot whose earlier task has not ended. */
type Overlap = "allow" | "skip" | "wait";

/** A recurring task; lengths of time are ms. */
export interface CronDefinition {
  readonly name: string;
  readonly schedule: Schedule;
  /** An IANA name; null: the zone of the machine that the worker runs on. */
  readonly timeZone: string | null;
  /** `night.run`, or the name of a function. */
  readonly task: string;
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
  /** A task that has not begun this long after it could is cancelled; null: no limit of its own. */
  readonly expires: number | null;
  /** JSON of the policies that its tasks carry, as those of a push; null: none. */
  readonly policy: string | null;
  /** All that was said, as JSON with sorted keys: two definitions with the same text are the same. */
  readonly text: string;
}

const MOST_CAUGHT_UP = 1_000;
const MOST_NAME_CHARACTERS = 100;
const LONGEST_JITTER_MS = 86_400_000;

/** The policies that a definition may say. */
const POLICY_FIELDS: readonly PolicyKey[] = [...PUSHED_KEYS, "expires"];

type Read = Omit<CronDefinition, "name" | "schedule" | "policy" | "expires" | "text">;

interface KeyRow<Value> {
  readonly preset: Value;
  readonly allowed: string;
  readonly read: (value: unknown, name: string) => Value;
}

const queue = text("the name of a queue");
const user = whole("a user id, from 0 up", 0);
const priority = whole("a whole number");

export const KEYS: { readonly [K in keyof Read]: KeyRow<Read[K] | undefined> } = {
  task: {
    preset: undefined,
    ...text(`the name of a model and a method, like "night.run", or of a function`),
  },
  timeZone: {
    preset: null,
    allowed: `the name of a time zone like "Europe/Berlin"`,
    read: readZone,
  },
  instances: { preset: [], allowed: "an id, or a list of ids like [7, 8]", read: readInstances },
  args: { preset: "[]", allowed: "a list", read: readArgs },
  queue: { preset: DEFAULT_QUEUE, ...queue },
  priority: { preset: 0, ...priority },
  user: { preset: 0, ...user },
  context: { preset: {}, allowed: "an object", read: readContext },
  missed: { preset: "once", ...choice<Missed>("once", "skip", "all") },
  catchUp: {
    preset: 100,
    ...whole(`a whole number from 1 to ${MOST_CAUGHT_UP}`, 1, MOST_CAUGHT_UP),
  },
  grace: { preset: null, ...length(0, 3_660 * 86_400_000) },
  overlap: { preset: "allow", ...choice<Overlap>("allow", "skip", "wait") },
  jitter: { preset: 0, ...length(0, LONGEST_JITTER_MS) },
};

export const CRON_KEYS = ["schedule", ...Object.keys(KEYS), ...POLICY_FIELDS] as readonly string[];

/**
 * Reads one definition.
 *
 * @param where begins the sentence of an error: `/shop/tq.toml: [cron.nightly]`
 * @param keyOf how keys are written there: `time_zone` in tq.toml and JSON, `timeZone` in TypeScript
 * @throws TqError "invalid" with every problem
 */
export function readCron(
  name: string,
  given: unknown,
  where: string,
  keyOf: (key: string) => string = fieldOf,
): CronDefinition {
  checkName(name, where);
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw invalid(where, `it cannot be ${quote(given)}: give it a schedule and a task`);
  }
  const problems: string[] = [];
  const trying = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const own = new Map(
    Object.entries(given as Record<string, unknown>).filter(([, value]) => value !== undefined),
  );
  const take = (key: string): unknown => {
    const value = own.get(keyOf(key));
    own.delete(keyOf(key));
    return value;
  };
  const said: Record<string, unknown> = Object.fromEntries(
    [...own]
      .filter(([key]) => CRON_KEYS.some((known) => keyOf(known) === key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const columns: Record<string, unknown> = {};
  for (const [key, row] of Object.entries<KeyRow<unknown>>(KEYS)) {
    const value = take(key);
    const called = `${where} ${keyOf(key)}`;
    if (value !== undefined && value !== null) columns[key] = trying(() => row.read(value, called));
    else if (row.preset === undefined)
      problems.push(`${called} is missing: it must be ${row.allowed}`);
    else columns[key] = row.preset;
  }
  const timeZone = (columns["timeZone"] ?? null) as string | null;
  const schedule = take("schedule");
  const read = trying(() => readSchedule(schedule, timeZone, `${where} ${keyOf("schedule")}`));
  const policies = Object.fromEntries(
    POLICY_FIELDS.map((key) => [keyOf(key), take(key)]).filter(([, value]) => value !== undefined),
  ) as object;
  const policy = readPolicies(
    policies,
    where,
    { keyOf, joint: " ", takesFunctions: false },
    (problem) => problems.push(problem),
  );
  for (const key of own.keys()) {
    problems.push(
      `${where}: ${key} is not a key of a recurring task${didYouMean(key, CRON_KEYS.map(keyOf))}`,
    );
  }
  if (problems.length > 0 || read === undefined)
    throw new TqError("invalid", problems.join("\n  "));
  const { expires = null, ...pushed } = policy;
  return {
    ...(columns as unknown as Read),
    name,
    schedule: read,
    expires,
    policy: pushedJson(pushed as Said),
    text: JSON.stringify(said),
  };
}

function checkName(name: string, where: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(name) && name.length <= MOST_NAME_CHARACTERS) return;
  throw invalid(
    where,
    `${quote(name)} cannot name a recurring task: use letters, digits, dots, dashes and underscores, ${MOST_NAME_CHARACTERS} at most`,
  );
}

function readZone(value: unknown, name: string): string {
  const zone = typeof value === "string" && value !== "" ? zoneNamed(value) : null;
  if (zone !== null && zone !== "") return zone;
  throw refused(value, name, `the name of a time zone like "Europe/Berlin"`);
}

function readInstances(value: unknown, name: string): number | readonly number[] {
  const isId = (id: unknown) => Number.isSafeInteger(id);
  if (isId(value)) return value as number;
  if (Array.isArray(value) && value.every(isId)) return value as number[];
  throw refused(value, name, "an id, or a list of ids like [7, 8]");
}

function readArgs(value: unknown, name: string): string {
  if (Array.isArray(value)) return encode(value, name);
  throw refused(value, name, "a list");
}

function readContext(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refused(value, name, "an object");
  }
  const reserved = Object.keys(value).find((key) => key === "cron" || key.startsWith("queue_"));
  if (reserved !== undefined) {
    throw new TqError("invalid", `${name} cannot have the key ${quote(reserved)}: tq sets it`);
  }
  encode(value, name);
  return value as Readonly<Record<string, unknown>>;
}

function choice<Word extends string>(...words: Word[]) {
  const allowed = words.map((word) => quote(word)).join(", ");
  const read = (value: unknown, name: string): Word => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw refused(value, name, `one of ${allowed}`);
  };
  return { allowed, read };
}

function length(min: number, max: number) {
  const allowed = `a length of time like "10m", from ${formatDuration(min)} to ${formatDuration(max)}`;
  const read = (value: unknown, name: string): number => {
    if (typeof value !== "string") throw refused(value, name, allowed);
    const ms = parseDuration(value, name);
    if (ms >= min && ms <= max) return ms;
    throw refused(value, name, allowed);
  };
  return { allowed, read };
}

function refused(value: unknown, name: string, allowed: string): TqError {
  const shown = Array.isArray(value) ? quote(value) : inspected(value);
  return new TqError("invalid", `${name} cannot be ${shown}: it must be ${allowed}`);
}

function invalid(where: string, why: string): TqError {
  return new TqError("invalid", `${where}: ${why}`);
}
