/** Reads the values of flags and arguments. Each refusal names the flag, the value and what is allowed. */
import { findJsonFault } from "../../src/admin/input/json-fault.ts";
import { TqError } from "../../src/errors.ts";
import { kindWords, quote } from "../../src/quote.ts";
import { didYouMean } from "../../src/suggest.ts";

/** Reads a whole number in digits: not `1e3`, `0x10` or ` 7`, and none too large to be exact. */
export function readWhole(
  text: string,
  what: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= min && number <= max) return number + 0; // 0 for -0
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? wholeFrom(min) : `a whole number from ${min} to ${max}`;
  throw refused(what, text, allowed);
}

function wholeFrom(min: number): string {
  return Number.isSafeInteger(min) && min > Number.MIN_SAFE_INTEGER
    ? `a whole number from ${min}`
    : "a whole number";
}

/** Reads the id of a task. */
export function readId(text: string): number {
  return readWhole(text, "ID", 1);
}

/** Reads ids of tasks, given one by one or separated by commas: `3 8`, `3,8`. */
export function readIds(texts: readonly string[]): number[] {
  const ids = texts.flatMap((text) => text.split(",").map((id) => id.trim()));
  return [...new Set(ids.map(readId))];
}

/** Reads words separated by commas, each of which must be allowed. */
export function readWords<W extends string>(
  text: string,
  what: string,
  allowed: readonly W[],
): W[] {
  return readNames(text, what).map((word) => {
    const found = allowed.find((one) => one === word);
    if (found !== undefined) return found;
    throw refused(what, word, `one of ${allowed.join(", ")}`, didYouMean(word, allowed));
  });
}

/** Reads names separated by commas. */
export function readNames(text: string, what: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return names;
  throw refused(what, text, "names separated by commas");
}

function readJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const { at, reason } = findJsonFault(text) ?? { at: 0, reason: "nested too deeply" };
    const why = `it is not JSON: at character ${at + 1}: ${reason}`;
    throw new TqError("invalid", `${what} cannot be ${kindWords(text)}: ${why}`);
  }
}

export function readArray(text: string, what: string): unknown[] {
  const value = readJson(text, what);
  if (Array.isArray(value)) return value as unknown[];
  throw refusedKind(what, value, "a JSON array, such as '[42, \"now\"]'");
}

export function readObject(text: string, what: string): Record<string, unknown> {
  const value = readJson(text, what);
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw refusedKind(what, value, "a JSON object, such as '{\"company\": 1}'");
}

/** Reads the id of a record or a list of them: `7`, `1,2,3`, or a JSON array. Other than a task's, they may be negative. */
export function readInstances(text: string, what: string): number | number[] {
  const trimmed = text.trim();
  if (/^-?\d+$/.test(trimmed)) return checkId(Number(trimmed), what);
  if (/^-?\d+(\s*,\s*-?\d+)+$/.test(trimmed))
    return trimmed.split(",").map((id) => checkId(Number(id), what));
  if (!trimmed.startsWith("["))
    throw refusedKind(what, text, "an id, ids like 1,2,3, or a JSON array of ids");
  return readArray(trimmed, what).map((id) => checkId(id, what));
}

function checkId(id: unknown, what: string): number {
  if (Number.isSafeInteger(id)) return Number(id) + 0; // 0 for -0
  const why = `ids, which are whole numbers; ${kindWords(id)} is none`;
  throw new TqError("invalid", `${what} must be ${why}`);
}

/** Standard error, and the journals that keep it, show no value that may be secret. */
function refusedKind(what: string, value: unknown, allowed: string): TqError {
  return new TqError("invalid", `${what} cannot be ${kindWords(value)}: it must be ${allowed}`);
}

function refused(what: string, text: string, allowed: string, near = ""): TqError {
  return new TqError("invalid", `${what} cannot be ${quote(text)}: it must be ${allowed}${near}`);
}
