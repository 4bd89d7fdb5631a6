/** The arguments of a call as the texts of a form's fields, and back. */
import { isTqError } from "../../../errors.ts";
import type { Argument, Signature } from "../../../registry/signatures/signatures.ts";
import type { ArgumentType } from "../../../registry/signatures/types.ts";
import { readJsonText } from "../../input/json-body.ts";
import { WORDS } from "../words.ts";

/** By the names of fields. */
export type Texts = Readonly<Partial<Record<string, string>>>;

/** No other field of the form begins with it. */
const PREFIX = "arg.";

/** No parameter has a number for its name. */
export function fieldName({ name }: Argument, place: number): string {
  return `${PREFIX}${name ?? place + 1}`;
}

export function isArgumentField(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** The texts of the fields for these arguments; null: they do not fit into the fields. */
export function textsOf(signature: Signature, args: readonly unknown[]): Texts | null {
  const hasRest = signature.at(-1)?.isRest === true;
  if (args.length > signature.length && !hasRest) return null;
  const texts = signature.map((argument, place) => {
    const text = textAt(argument, args, place);
    return text === null ? null : ([fieldName(argument, place), text] as const);
  });
  return texts.includes(null) ? null : Object.fromEntries(texts.filter((one) => one !== null));
}

function textAt(argument: Argument, args: readonly unknown[], place: number): string | null {
  if (place >= args.length) return argument.isOptional ? "" : null;
  if (argument.isRest) return fitsRest(argument, args.slice(place));
  const value = args[place];
  const { type, hasNull, isOptional } = argument;
  if (hasNull && value === null) return isOptional ? null : "";
  if (!fits(type, value)) return null;
  if (type.kind === "text") return textField(String(value), hasNull || isOptional);
  if (type.kind === "boolean" && !isOptional) return value === true ? "true" : "";
  return JSON.stringify(value);
}

function fitsRest({ type }: Argument, rest: readonly unknown[]): string | null {
  return fits(type, rest) ? JSON.stringify(rest) : null;
}

/** A form changes some characters of a text, and an empty field may mean that nothing is given. */
function textField(text: string, isEmptyNothing: boolean): string | null {
  const isKept = !/[\0\r]/.test(text) && text.isWellFormed();
  return isKept && !(isEmptyNothing && text === "") ? text : null;
}

function fits(type: ArgumentType, value: unknown): boolean {
  switch (type.kind) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number"; // one that JavaScript cannot hold is an object here
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return type.choices.some((choice) => choice === value);
    case "list":
      return Array.isArray(value) && value.every((one) => fits(type.of, one));
    case "json":
      return true;
  }
}

/** The content of a field: a value, no value, or a sentence that says what is wrong. */
type Read = { readonly value: unknown } | { readonly isAbsent: true } | { readonly fault: string };

const ABSENT: Read = { isAbsent: true };

export interface ReadArguments {
  readonly args: readonly unknown[];
  /** By the names of fields. */
  readonly faults: Texts;
}

/** @param texts as they were typed, with spaces. */
export function readArguments(signature: Signature, texts: Texts): ReadArguments {
  const faults: Record<string, string> = {};
  const args: unknown[] = [];
  /** The first that is not given: none after it can be. */
  let left: string | null = null;
  for (const [place, argument] of signature.entries()) {
    const field = fieldName(argument, place);
    const read = readField(argument, (texts[field] ?? "").replaceAll("\r\n", "\n"));
    if ("fault" in read) faults[field] = read.fault;
    else if ("isAbsent" in read) left ??= field;
    else if (argument.isRest && isEmptyList(read.value)) continue;
    else {
      if (left !== null) faults[left] ??= WORDS.push.faults.before(nameOf(argument, place));
      args.push(...(argument.isRest ? (read.value as unknown[]) : [read.value]));
    }
  }
  const known = new Set(signature.map(fieldName));
  const others = Object.keys(texts).filter((name) => isArgumentField(name) && !known.has(name));
  for (const name of others) faults[name] = WORDS.push.faults.gone(name.slice(PREFIX.length));
  return { args, faults };
}

export function nameOf({ name }: Argument, place: number): string {
  return name ?? WORDS.push.nameless(place + 1);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function readField({ type, hasNull, isOptional, isRest }: Argument, text: string): Read {
  const { faults } = WORDS.push;
  if (text === "" && (isOptional || isRest)) return ABSENT;
  if (text === "" && hasNull) return { value: null };
  switch (type.kind) {
    case "text":
      return { value: text };
    case "number":
      return readNumber(text.trim());
    case "boolean":
      if (text === "true") return { value: true };
      return text === "" || text === "false" ? { value: false } : { fault: faults.boolean };
    case "choice": {
      const choice = type.choices.find((one) => JSON.stringify(one) === text);
      return choice === undefined ? { fault: faults.choice } : { value: choice };
    }
    case "list":
    case "json":
      return readJson(type, text);
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function readNumber(text: string): Read {
  const { faults } = WORDS.push;
  if (!NUMBER.test(text)) return { fault: faults.number };
  const read = readJsonField(text);
  return "value" in read && typeof read.value !== "number" ? { fault: faults.inexact } : read;
}

function readJson(type: ArgumentType, text: string): Read {
  const { faults } = WORDS.push;
  if (text.trim() === "") return { fault: type.kind === "list" ? faults.noList : faults.noJson };
  const read = readJsonField(text);
  if (!("value" in read) || fits(type, read.value)) return read;
  const isOfTexts = type.kind === "list" && type.of.kind === "text";
  const isOfNumbers = type.kind === "list" && type.of.kind === "number";
  if (isOfTexts) return { fault: faults.texts };
  return { fault: isOfNumbers ? faults.numbers : faults.list };
}

function readJsonField(text: string): Read {
  try {
    return { value: readJsonText(text, WORDS.push.faults.unread) };
  } catch (error) {
    if (!isTqError(error)) throw error;
    return { fault: `${error.message}.` };
  }
}
