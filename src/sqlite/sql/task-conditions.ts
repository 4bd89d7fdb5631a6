/** The conditions of a filter of tasks, as SQL. */
import { isPattern } from "../../patterns.ts";
import { ERROR_CHARACTERS, errorOf } from "../../error-line.ts";
import type { PathCondition, ReadFilter } from "../../store/looking.ts";
import { hintsOf, isNumber } from "../../store/path-hints.ts";
import { namesGlob, toGlob } from "./glob.ts";

type Value = string | number | null;

/** The conditions on a row of tq__task or tq_tasks, and their parameters. */
export interface Conditions {
  /** Text that may stand after AND. */
  readonly sql: string;
  readonly values: Readonly<Record<string, Value>>;
}

/** Each writes a condition with the parameter of its own name, and gives the parameter's value. */
type Writer = (value: never, name: string) => readonly [sql: string, value: Value];

const name =
  (column: string): Writer =>
  (value: string, parameter) =>
    isPattern(value)
      ? [`${column} GLOB $${parameter}`, namesGlob(value)]
      : [`${column} = $${parameter}`, value];

const compared =
  (condition: string): Writer =>
  (value: string | number, parameter) => [`${condition} $${parameter}`, value];

/** A range, which an index answers. The last of all code points is no character, so no ref goes on with it. */
export const REF_STARTS = "(ref >= $refStarts AND ref < $refStarts || char(0x10ffff))";

/** As `errorOf` reads it from a reason. */
const ERROR = `substr(substr(reason, 1, instr(reason || char(10), char(10)) - 1), 1, ${ERROR_CHARACTERS})`;

/** Those that cost least come first: SQLite asks them in their order. */
const WRITERS: Readonly<
  Record<Exclude<keyof ReadFilter, "where" | "before" | "after" | "limit">, Writer>
> = {
  states: (states: readonly string[], parameter) => [
    `state IN (SELECT value FROM json_each($${parameter}))`,
    JSON.stringify(states),
  ],
  ref: compared("ref ="),
  refStarts: (text: string) => [REF_STARTS, text],
  user: compared("user ="),
  scheduledAfterRuns: (runs: number, parameter) => [
    `(state <> 'scheduled' OR attempts >= $${parameter})`,
    runs,
  ],
  queue: name("queue"),
  model: name("model"),
  method: name("method"),
  pushedBefore: compared("enqueued_at <"),
  pushedAfter: compared("enqueued_at >="),
  endedBefore: compared("finished_at <"),
  endedAfter: compared("finished_at >="),
  error: (text: string, parameter) => [
    `state = 'failed' AND ${ERROR} = $${parameter}`,
    errorOf(text),
  ],
  reasonHas: (text: string, parameter) => [
    `(state <> 'running' AND reason GLOB $${parameter})`,
    containing(text),
  ],
  argsHave: (text: string, parameter) => [argsHave(parameter), containing(text)],
};

export function taskConditions(filter: ReadFilter): Conditions {
  const parts: string[] = [];
  const values: Record<string, Value> = {};
  for (const [key, write] of Object.entries(WRITERS)) {
    const given = filter[key as keyof typeof WRITERS];
    if (given === undefined) continue;
    const [sql, value] = write(given as never, key);
    parts.push(sql);
    values[key] = value;
  }
  for (const [at, condition] of (filter.where ?? []).entries()) {
    parts.push(pathSql(condition, `where${at}`, values));
  }
  return { sql: parts.length === 0 ? "TRUE" : parts.join(" AND "), values };
}

/** A pattern for text that contains this one, whatever its case: `%` and `_` are themselves. */
function containing(text: string): string {
  return `*${toGlob(text.replace(/[%_\\]/g, "\\$&"))}*`;
}

/** Where the JSON escapes characters the text may be there all the same: each of its texts is read. */
function argsHave(parameter: string): string {
  return `(args GLOB $${parameter} OR CASE WHEN instr(args, '\\') AND json_valid(args) THEN EXISTS (
      SELECT 1 FROM json_tree(args) WHERE type = 'text' AND atom GLOB $${parameter}) END)`;
}

/** Asks first whether the JSON has the key and the value at all: to read it costs ten times as much. */
function pathSql(condition: PathCondition, name: string, values: Record<string, Value>): string {
  const { root } = condition;
  const column = root === "kwargs" ? "args" : root;
  const sql = `CASE WHEN json_valid(${column}) THEN ${insideSql(condition, column, name, values)} END`;
  const hints = hintsOf(condition).map((hint, at) => {
    values[`${name}Hint${at}`] = hint;
    return `instr(${column}, $${name}Hint${at})`;
  });
  if (hints.length === 0) return sql;
  // An escape may stand for any character, an exponent for a number that is written otherwise.
  const unless = `instr(${column}, '\\')${isNumber(condition) ? ` OR ${column} GLOB '*[0-9][eE]*'` : ""}`;
  return `CASE WHEN (${hints.join(" AND ")}) OR ${unless} THEN ${sql} END`;
}

function insideSql(
  condition: PathCondition,
  column: string,
  name: string,
  values: Record<string, Value>,
): string {
  const { root, path } = condition;
  const place = `$${name}Path`;
  if (root === "instances" && path.length === 0) {
    const test = testSql(condition, { type: "type", value: "atom" }, name, values);
    return `EXISTS (SELECT 1 FROM json_each(${column}) WHERE ${test})`;
  }
  values[`${name}Path`] = `$${root === "kwargs" ? "[#-1]" : ""}${path.map(step).join("")}`;
  const at = (json: string) => ({
    type: `json_type(${json}, ${place})`,
    value: `json_extract(${json}, ${place})`,
  });
  if (root !== "args" || typeof path[0] === "number") {
    return testSql(condition, at(column), name, values);
  }
  const test = testSql(condition, at("each.value"), name, values);
  return `EXISTS (
      SELECT 1 FROM json_each(${column}) AS each WHERE CASE each.type WHEN 'object' THEN ${test} END)`;
}

function step(part: string | number): string {
  return typeof part === "number" ? `[${part}]` : `.${JSON.stringify(part)}`;
}

/** SQL for the type of a value in JSON, and for the value. */
interface Inside {
  readonly type: string;
  readonly value: string;
}

function testSql(
  { isOneOf = [], has }: PathCondition,
  inside: Inside,
  name: string,
  values: Record<string, Value>,
): string {
  if (has !== undefined) {
    values[name] = containing(has);
    return `(${inside.type} = 'text' AND ${inside.value} GLOB $${name})`;
  }
  const tests = isOneOf.map((json, at) => equalSql(json, inside, `${name}Is${at}`, values));
  return `(${tests.join(" OR ")})`;
}

function equalSql(
  json: string,
  { type, value }: Inside,
  name: string,
  values: Record<string, Value>,
): string {
  values[name] = json;
  if (json.startsWith('"')) return `(${type} = 'text' AND ${value} = json_extract($${name}, '$'))`;
  if (/^[tfn]/.test(json)) return `${type} = $${name}`;
  return `(${type} IN ('integer', 'real') AND ${value} = json_extract($${name}, '$'))`;
}
