/** The conditions of a filter of tasks, as SQL. */
import { isPattern } from "../../patterns.ts";
import { ERROR_CHARACTERS, errorOf } from "../../error-line.ts";
import type { PathCondition, ReadFilter } from "../../store/looking.ts";
import { hintsOf, isNumber } from "../../store/path-hints.ts";
import { finite, isStorable, type Parameters } from "./parameters.ts";
import { containing, namesLike } from "./patterns.ts";

/** Writes a condition, and adds its parameters. */
type Writer = (value: never, parameters: Parameters) => string;

/** The condition for text that no row can have. */
const NONE = "FALSE";

const name =
  (column: string): Writer =>
  (value: string, parameters) => {
    if (!isStorable(value)) return NONE;
    return isPattern(value)
      ? `${column} LIKE ${parameters.add(namesLike(value), "text")}`
      : `${column} = ${parameters.add(value, "text")}`;
  };

const number =
  (condition: string): Writer =>
  (value: number, parameters) =>
    `${condition} ${parameters.add(finite(value), "bigint")}`;

/** A range, which an index answers. The last of all code points is no character, so no ref goes on with it. */
export function refStartsWith(text: string, parameters: Parameters): string {
  if (!isStorable(text)) return NONE;
  const from = parameters.add(text, "text");
  return `(ref >= ${from} AND ref < ${from} || U&'\\+10FFFF')`;
}

/** As `errorOf` reads it from a reason. */
const ERROR = `left(split_part(reason, E'\\n', 1), ${ERROR_CHARACTERS})`;

/** Those that cost least come first: PostgreSQL asks equal ones in their order. */
const WRITERS: Readonly<
  Record<Exclude<keyof ReadFilter, "where" | "before" | "after" | "limit">, Writer>
> = {
  states: (states: readonly string[], parameters) =>
    `state = ANY (${parameters.add(states, "text[]")})`,
  ref: (ref: string, parameters) =>
    isStorable(ref) ? `ref = ${parameters.add(ref, "text")}` : NONE,
  refStarts: refStartsWith,
  user: number('"user" ='),
  scheduledAfterRuns: (runs: number, parameters) =>
    `(state <> 'scheduled' OR attempts >= ${parameters.add(finite(runs), "bigint")})`,
  queue: name("queue"),
  model: name("model"),
  method: name("method"),
  pushedBefore: number("enqueued_at <"),
  pushedAfter: number("enqueued_at >="),
  endedBefore: number("finished_at <"),
  endedAfter: number("finished_at >="),
  error: (text: string, parameters) =>
    `(state = 'failed' AND ${ERROR} = ${parameters.add(errorOf(text), "text")})`,
  reasonHas: (text: string, parameters) =>
    isStorable(text)
      ? `(state <> 'running' AND reason ~ ${parameters.add(containing(text), "text")})`
      : NONE,
  argsHave: (text: string, parameters) =>
    isStorable(text) ? argsHave(parameters.add(containing(text), "text")) : NONE,
};

/** The conditions on a row of tq.task, without any other table beside it: text that may stand after AND. */
export function taskConditions(filter: ReadFilter, parameters: Parameters): string {
  const parts: string[] = [];
  for (const [key, write] of Object.entries(WRITERS)) {
    const given = filter[key as keyof typeof WRITERS];
    if (given !== undefined) parts.push(write(given as never, parameters));
  }
  for (const condition of filter.where ?? []) parts.push(pathSql(condition, parameters));
  return parts.length === 0 ? "TRUE" : parts.join(" AND ");
}

/** Where the JSON escapes characters the text may be there all the same: each of its texts is read. */
function argsHave(pattern: string): string {
  return `(args ~ ${pattern} OR CASE WHEN strpos(args, '\\') > 0 THEN EXISTS (
      SELECT FROM jsonb_path_query(tq.parsed(args), 'strict $.**', '{}', true) AS part
       WHERE jsonb_typeof(part) = 'string' AND part #>> '{}' ~ ${pattern}) END)`;
}

/** Asks first whether the JSON has the key and the value at all: to read it costs ten times as much. */
function pathSql(condition: PathCondition, parameters: Parameters): string {
  const { root, path, has = "" } = condition;
  const texts = [...path.filter((part) => typeof part === "string"), has];
  if (!texts.every(isStorable)) return NONE;
  const column = root === "kwargs" ? "args" : root;
  const sql = insideSql(condition, `tq.parsed(${column})`, parameters);
  const hints = hintsOf(condition).map(
    (hint) => `strpos(${column}, ${parameters.add(hint, "text")}) > 0`,
  );
  if (hints.length === 0) return sql;
  // An escape may stand for any character, an exponent for a number that is written otherwise.
  const unless = `strpos(${column}, '\\') > 0${isNumber(condition) ? ` OR ${column} ~ '[0-9][eE]'` : ""}`;
  return `CASE WHEN (${hints.join(" AND ")}) OR ${unless} THEN ${sql} ELSE FALSE END`;
}

/** "strict" and "silent": a key is one of an object and a place one of a list, and where there is none, there is no value. */
const find = (what: "query" | "query_first", json: string, path: string): string =>
  `jsonb_path_${what}(${json}, ${path}, '{}', true)`;

function insideSql(condition: PathCondition, json: string, parameters: Parameters): string {
  const { root, path } = condition;
  if (root === "instances" && path.length === 0) {
    const test = testSql(condition, "each", parameters);
    return `EXISTS (SELECT FROM ${find("query", json, "'lax $[*]'")} AS each WHERE ${test})`;
  }
  const from = `strict $${root === "kwargs" ? "[last]" : ""}`;
  const place = parameters.add(`${from}${path.map(step).join("")}`, "jsonpath");
  if (root !== "args" || typeof path[0] === "number") {
    return testSql(condition, find("query_first", json, place), parameters);
  }
  const test = testSql(condition, find("query_first", "each", place), parameters);
  return `EXISTS (
      SELECT FROM ${find("query", json, "'strict $[*]'")} AS each
       WHERE CASE jsonb_typeof(each) WHEN 'object' THEN ${test} END)`;
}

function step(part: string | number): string {
  return typeof part === "number" ? `[${part}]` : `.${JSON.stringify(part)}`;
}

function testSql(
  { isOneOf = [], has }: PathCondition,
  value: string,
  parameters: Parameters,
): string {
  if (has !== undefined) {
    const pattern = parameters.add(containing(has), "text");
    return `(SELECT jsonb_typeof(found) = 'string' AND found #>> '{}' ~ ${pattern} FROM ${value} AS found)`;
  }
  // JSON that the server cannot read is equal to nothing.
  const given = isOneOf
    .filter(isStorable)
    .map((json) => `tq.parsed(${parameters.add(json, "text")})`);
  return given.length === 0 ? NONE : `${value} IN (${given.join(", ")})`;
}
