/**
 * A recurring task is a section `[cron.nightly]` of tq.toml, an entry of `static cron` on a model, or a row that
 * `tq cron add` made.
 */
import { TqError, messageOf } from "../errors.ts";
import { PUSHED_KEYS, pushedJson, readPolicies, type Said } from "../policies/read.ts";
import { fieldOf, type PolicyKey } from "../policies/table.ts";
import { quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import { encode } from "../values/encoding.ts";
import { type CronKey, type CronValues, KEYS } from "./keys.ts";
import { isOwn, OWN_KEYS, OWN_PREFIX } from "./own.ts";
import { readSchedule, type Schedule } from "./schedule.ts";

/** A recurring task; lengths of time are ms. */
export interface CronDefinition extends CronValues {
  readonly name: string;
  readonly schedule: Schedule;
  /** A task that has not begun this long after it could is cancelled; null: no limit of its own. */
  readonly expires: number | null;
  /** JSON of the policies that its tasks carry, as those of a push; null: none. */
  readonly policy: string | null;
  /** All that was said, and nothing else, as JSON with sorted keys: two definitions with the same text are the same. */
  readonly text: string;
}

const MOST_NAME_CHARACTERS = 100;

function isCronName(name: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(name) && name.length <= MOST_NAME_CHARACTERS;
}

/** Begins the sentence of a refusal; a text that can be no name, which the sentence quotes, is left out. */
export function cannotAdd(name: string): string {
  return `Cannot add ${isCronName(name) ? name : "it"}`;
}

/** The policies that a definition may say. */
const POLICY_FIELDS: readonly PolicyKey[] = [...PUSHED_KEYS, "expires"];

export const CRON_KEYS = ["schedule", ...Object.keys(KEYS), ...POLICY_FIELDS] as readonly string[];

type KeyOf = (key: string) => string;

/**
 * Reads one definition.
 *
 * @param where begins the sentence of an error: `/shop/tq.toml: [cron.nightly]`
 * @param keyOf how keys are written there: `time_zone` in tq.toml and JSON, `timeZone` in TypeScript
 * @param joint stands between `where` and a key in the sentence of an error
 * @throws TqError "invalid" with every problem
 */
export function readCron(
  name: string,
  given: unknown,
  where: string,
  keyOf: KeyOf = fieldOf,
  joint = " ",
): CronDefinition {
  const problems: string[] = [];
  const refuse = (problem: string) => problems.push(problem);
  const reader = new Reader(name, where, { keyOf, joint }, refuse);
  const read = reader.read(given);
  reader.refuseMissing();
  if (read === null || problems.length > 0) throw new TqError("invalid", problems.join("\n  "));
  return read;
}

/**
 * Checks what one source says of a recurring task. Keys may be missing: another source may say them.
 *
 * @param refuse called with each problem
 * @returns its text; null where something is wrong with it
 */
export function checkCron(
  name: string,
  given: unknown,
  where: string,
  refuse: (problem: string) => void,
): string | null {
  let isRight = true;
  const reader = new Reader(name, where, { keyOf: fieldOf, joint: " " }, (problem) => {
    isRight = false;
    refuse(problem);
  });
  const read = reader.read(given);
  return read !== null && isRight ? read.text : null;
}

class Reader {
  readonly #name: string;
  readonly #where: string;
  readonly #keyOf: KeyOf;
  readonly #joint: string;
  readonly #refuse: (problem: string) => void;
  /** The keys that must be said, and are not. */
  readonly #missing: { readonly key: string; readonly allowed: string }[] = [];

  constructor(
    name: string,
    where: string,
    { keyOf, joint }: { readonly keyOf: KeyOf; readonly joint: string },
    refuse: (problem: string) => void,
  ) {
    this.#name = name;
    this.#where = where;
    this.#keyOf = keyOf;
    this.#joint = joint;
    this.#refuse = refuse;
  }

  /** @returns null where nothing of it can be read. */
  read(given: unknown): CronDefinition | null {
    if (!this.#isNameRight()) return null;
    if (!isTable(given)) {
      this.#say(`it cannot be ${quote(given)}: give it a schedule and a task`);
      return null;
    }
    const said = this.#known(given);
    const values = Object.fromEntries(
      Object.entries<CronKey<unknown>>(KEYS).map(([key, row]) => [
        key,
        this.#read(key, row, said.get(key)),
      ]),
    ) as unknown as CronValues;
    const { expires = null, ...pushed } = this.#policies(said);
    return {
      ...values,
      name: this.#name,
      schedule: this.#schedule(said.get("schedule"), values.timeZone ?? null),
      expires,
      policy: pushedJson(pushed),
      text: this.#text(said),
    };
  }

  refuseMissing(): void {
    for (const { key, allowed } of this.#missing) {
      this.#refuse(`${this.#called(key)} is missing: it must be ${allowed}`);
    }
  }

  #isNameRight(): boolean {
    const name = this.#name;
    if (!isCronName(name)) {
      this.#say(
        `${quote(name)} cannot name a recurring task: use letters, digits, dots, dashes and underscores, ${MOST_NAME_CHARACTERS} at most`,
      );
      return false;
    }
    if (!name.startsWith(OWN_PREFIX) || isOwn(name)) return true;
    this.#say(`names that begin with ${OWN_PREFIX} are those of tq's own recurring tasks`);
    return false;
  }

  /** The values by the keys of TypeScript; null is as if a key was not said. */
  #known(given: object): ReadonlyMap<string, unknown> {
    const all = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
    const known = new Map<string, unknown>();
    for (const [written, value] of all) {
      const key = CRON_KEYS.find((one) => this.#keyOf(one) === written);
      if (key === undefined) this.#say(this.#unknownWords(written, value));
      else if (this.#isOwnKey(key, value)) known.set(key, value);
      else this.#say(`${written} is not for tq's own tasks: say ${this.#ownKeys()}`);
    }
    return known;
  }

  #isOwnKey(key: string, value: unknown): boolean {
    if (!isOwn(this.#name)) return true;
    return OWN_KEYS.includes(key) || (key === "task" && value === this.#name);
  }

  #ownKeys(): string {
    return OWN_KEYS.map(this.#keyOf)
      .join(", ")
      .replace(/, (\w+)$/, " or $1");
  }

  #unknownWords(written: string, value: unknown): string {
    if (isTable(value) && "schedule" in value) {
      return `it is no definition; for a name with a dot write [cron."${this.#name}.${written}"], with quotes`;
    }
    return `${written} is not a key of a recurring task${didYouMean(written, CRON_KEYS.map(this.#keyOf))}`;
  }

  #read(key: string, row: CronKey<unknown>, value: unknown): unknown {
    if (value !== undefined) return this.#try(() => row.read(value, this.#called(key)));
    if (row.preset === undefined) this.#missing.push({ key, allowed: row.allowed });
    return row.preset;
  }

  #schedule(value: unknown, zone: string | null): Schedule {
    const allowed = `a schedule like "30 2 * * *", "@daily" or "every 15m"`;
    if (value === undefined) this.#missing.push({ key: "schedule", allowed });
    else {
      const read = this.#try(() => readSchedule(value, zone, this.#called("schedule")));
      if (read !== undefined) return read;
    }
    return { text: "", interval: null, next: () => null };
  }

  #policies(said: ReadonlyMap<string, unknown>): Said {
    const given = POLICY_FIELDS.filter((key) => said.has(key)).map((key) => [
      this.#keyOf(key),
      said.get(key),
    ]);
    const notation = { keyOf: this.#keyOf, joint: this.#joint, takesFunctions: false };
    return readPolicies(Object.fromEntries(given) as object, this.#where, notation, this.#refuse);
  }

  #text(said: ReadonlyMap<string, unknown>): string {
    const written = [...said].map(([key, value]) => [fieldOf(key), value]);
    try {
      return encode(Object.fromEntries(written), this.#where);
    } catch {
      return "{}"; // what is wrong with a value is said already
    }
  }

  #try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#refuse(messageOf(error));
      return undefined;
    }
  }

  #called(key: string): string {
    return `${this.#where}${this.#joint}${this.#keyOf(key)}`;
  }

  #say(why: string): void {
    this.#refuse(`${this.#where}: ${why}`);
  }
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
