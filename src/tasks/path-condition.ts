/** Reads conditions on values inside a call: `args.order=4711`, or `{ "args.order": 4711 }` in a program. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { PATH_ROOTS, type PathCondition } from "../store/looking.ts";
import { didYouMean } from "../suggest.ts";
import { text } from "../values/option-kinds.ts";

/** A value inside a task is compared with this; `has`: it is text that contains this one, whatever its case. */
export type PathValue = string | number | boolean | null | { readonly has: string };

/** The most conditions of one filter. */
const MOST = 20;

/** The most keys and places of one path. */
const DEEPEST = 50;

/** The most characters of a written condition. */
const LONGEST = 2000;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** A key in quotes is JSON, and may hold any character. Signs that other languages have in paths are no part of others. */
const STEP = /\.(?:("(?:[^"\\]|\\.)*")|([^.="~\\!<>[\]]+))/g;

const PATH = new RegExp(`^[a-z]+(?:${STEP.source})*`, "i");

/** True for an argument of a command line that is meant as a condition: no id has these signs. */
export function looksLikeCondition(written: string): boolean {
  return /[=~]/.test(written);
}

/**
 * Reads `args.order=4711`, or `args.name~miller` for text that contains another. A value without quotes is also found
 * as text: 4711 as "4711".
 *
 * @throws TqError "invalid"
 */
function conditionOf(written: string): PathCondition {
  if (!isKeepable(written) || written.length > LONGEST) {
    throw refused(written, `it must be text of at most ${LONGEST} characters, without NUL`);
  }
  const [whole = ""] = PATH.exec(written) ?? [];
  const operator = written.charAt(whole.length);
  if (whole === "" || (operator !== "=" && operator !== "~")) {
    const fault = pathFault(written.slice(whole.length));
    throw refused(written, fault ?? "write it like args.order=4711, or args.name~miller");
  }
  const value = written.slice(whole.length + 1);
  if (operator === "=" && /^[=~]/.test(value)) throw refused(written, OPERATORS);
  const place = placeOf(whole, written);
  return operator === "~"
    ? { ...place, has: HAS.read(value, `${quote(whole)} ~`) }
    : { ...place, isOneOf: valuesOf(value, written) };
}

/** Reads what a program gives: a text is found as text alone, a number as a number. */
export function conditionsOf(given: unknown, name: string): PathCondition[] {
  const isPlain = typeof given === "object" && given !== null && !Array.isArray(given);
  const entries = isPlain ? Object.entries(given) : [];
  if (!isPlain || entries.length > MOST) {
    const allowed = `an object of at most ${MOST} paths, like { "args.order": 4711 }`;
    throw new TqError("invalid", `${name} cannot be ${quote(given)}: it must be ${allowed}`);
  }
  return entries.map(([path, value]) => {
    const [whole = ""] = PATH.exec(path) ?? [];
    if (whole === "" || whole !== path) {
      const why = pathFault(path.slice(whole.length)) ?? "write it like args.order";
      throw new TqError("invalid", `${name}: ${quote(path)} is no path; ${why}`);
    }
    return { ...placeOf(whole, path), ...valueOf(value as unknown, `${name}: ${quote(path)}`) };
  });
}

const OPERATORS = `the operators are = and ~, which is "contains"; a key or a value with such signs stands in quotes`;

/** Says what other languages have, and paths have not. @param rest what stands behind the part that is a path */
function pathFault(rest: string): string | null {
  if (rest.startsWith("[")) return "a place in a list is a part of its own: args.order.0";
  return /^[!<>]/.test(rest) ? OPERATORS : null;
}

/** Reads the conditions of a command line or a query. */
export function writtenConditions(given: readonly string[]): PathCondition[] {
  if (given.length <= MOST) return given.map(conditionOf);
  const why = `${given.length} conditions like args.order=4711 are given, and at most ${MOST} may be`;
  throw new TqError("invalid", why);
}

const HAS = text("the text that it contains");

function valueOf(value: unknown, name: string): Pick<PathCondition, "isOneOf" | "has"> {
  if (typeof value === "object" && value !== null && Object.keys(value).join() === "has") {
    return { has: HAS.read(Reflect.get(value, "has"), `${name}.has`) };
  }
  const isText = typeof value === "string";
  const isScalar = value === null || typeof value === "boolean" || Number.isFinite(value);
  if (isText && isKeepable(value)) return { isOneOf: [JSON.stringify(value)] };
  if (isScalar) return { isOneOf: [JSON.stringify(value)] };
  const allowed = `text, a number, true, false, null, or text to contain like { has: "miller" }`;
  throw new TqError("invalid", `${name} cannot be ${quote(value)}: it must be ${allowed}`);
}

/** Without NUL and half surrogate pairs, which no stored text has. */
function isKeepable(value: string): boolean {
  return value.isWellFormed() && !value.includes("\0");
}

function placeOf(whole: string, written: string): Pick<PathCondition, "root" | "path"> {
  const [first = ""] = whole.split(".", 1);
  const root = PATH_ROOTS.find((one) => one === first);
  if (root === undefined) {
    const near = didYouMean(first, PATH_ROOTS) || `; begin with ${PATH_ROOTS.join(", ")}`;
    throw refused(written, `a path cannot begin with ${quote(first)}${near}`);
  }
  const steps = [...whole.slice(root.length).matchAll(STEP)];
  if (steps.length > DEEPEST) throw refused(written, `a path has at most ${DEEPEST} parts`);
  if (steps.length === 0 && root !== "instances" && root !== "result") {
    throw refused(written, `name a part of ${root}, such as ${root}.order`);
  }
  const path = steps.map(([, quoted, plain = ""]) => {
    if (quoted !== undefined) return keyOf(quoted, written);
    if (plain !== plain.trim()) throw refused(written, "no space stands beside a key");
    return /^\d{1,9}$/.test(plain) ? Number(plain) : plain;
  });
  return { root, path };
}

function keyOf(quoted: string, written: string): string {
  const key = textOf(quoted);
  if (key !== null) return key;
  throw refused(written, `a key in quotes is JSON, such as args."the \\"best\\""`);
}

/** The text that is written as JSON; null: it is none, or none that a task can have. */
function textOf(json: string): string | null {
  try {
    const read: unknown = JSON.parse(json);
    return typeof read === "string" && isKeepable(read) ? read : null;
  } catch {
    return null;
  }
}

/** The JSON of all that a written value may mean. */
function valuesOf(written: string, whole: string): string[] {
  if (written.startsWith('"')) {
    const text = textOf(written);
    if (text !== null) return [JSON.stringify(text)];
    throw refused(
      whole,
      "the quotes of its value do not fit; in a shell write 'args.code=\"007\"'",
    );
  }
  const asText = JSON.stringify(written);
  const isJson = NUMBER.test(written) || ["true", "false", "null"].includes(written);
  return isJson ? [written, asText] : [asText];
}

function refused(written: string, why: string): TqError {
  return new TqError("invalid", `${quote(written)} is no condition on a task: ${why}`);
}
