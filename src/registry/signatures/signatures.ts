/**
 * The arguments of each call, as far as they are known, for the fields of a form. Types are gone from a program that
 * runs, so they are read from its source, and count only where the names of the parameters there are those that the engine has.
 */
import { readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import type { Node } from "@babel/types";
import type { ModelVersion } from "../../catalog.ts";
import { hashOfContent } from "../model-version.ts";
import type { CallHead, CallHeads } from "./heads.ts";
import { parametersOf, type WrittenParameter } from "./parameters.ts";
import { type Callable, callableOf, methodIn, readSource, type Source, taskIn } from "./source.ts";
import { JSON_TYPE, type ReadType, readType, typeOfValue } from "./types.ts";

export interface Argument extends ReadType {
  /** null: it has none, as `{ a, b }`. */
  readonly name: string | null;
  /** It may be left out, or nothing says that it may not. */
  readonly isOptional: boolean;
  /** It takes all that follow, too. */
  readonly isRest: boolean;
  /** The type as it is written; "" where it is not known. */
  readonly words: string;
}

/** The arguments of a call in their order. */
export type Signature = readonly Argument[];

/** The calls that a program has loaded. */
export interface LoadedCalls {
  readonly heads: CallHeads;
  readonly version: ModelVersion;
}

const TYPESCRIPT = /\.[mc]?tsx?$/;

/** Besides the file of a model, as many are searched for its class, which it may have from there. */
const MOST_FILES = 100;

/** @returns null: nothing is known of it. */
export function signatureOf(call: string, { heads, version }: LoadedCalls): Signature | null {
  const head = Object.hasOwn(heads, call) ? heads[call] : undefined;
  const callable = head && callableOf(head.text);
  if (!head || !callable) return null;
  const known = parametersOf(callable);
  const written = writtenIn(head, known, version);
  if (written === null && isWrapper(known)) return null;
  const all = written ?? known.map((parameter) => argumentOf(parameter, null));
  return head.kind === "static" ? all.slice(1) : all; // the first of these are the records
}

/** `(...args)`: it gives them to another function, of which nothing is known. */
function isWrapper(known: readonly WrittenParameter[]): boolean {
  return known.length === 1 && known[0]?.isRest === true;
}

function writtenIn(
  head: CallHead,
  known: readonly WrittenParameter[],
  version: ModelVersion,
): Signature | null {
  for (const file of filesFor(head, version)) {
    const source = sourceOf(file, version.files[file]);
    const found = source && declarationOf(head, source);
    if (source === null || found === null) continue;
    const written = parametersOf(found);
    if (!areSame(written, known)) return null;
    return written.map((parameter) => argumentOf(parameter, source));
  }
  return null;
}

/** The file of the model first, and those below its folder: others may have a class of the same name. */
function filesFor({ file }: CallHead, { files }: ModelVersion): readonly string[] {
  const folder = file === null ? "" : join(dirname(file), sep);
  const others = Object.keys(files)
    .filter((one) => one !== file && TYPESCRIPT.test(one))
    .toSorted((a, b) => Number(b.startsWith(folder)) - Number(a.startsWith(folder)));
  const own = file !== null && TYPESCRIPT.test(file) ? [file] : [];
  return [...own, ...others.slice(0, MOST_FILES)];
}

/** @param hash of the file that was loaded: another one says nothing of what runs. */
function sourceOf(file: string, hash: string | undefined): Source | null {
  try {
    const bytes = readFileSync(file);
    if (hashOfContent(bytes) !== hash) return null;
    return readSource(bytes.toString("utf8"), file.endsWith("x"));
  } catch {
    return null;
  }
}

function declarationOf({ owner, name, kind }: CallHead, source: Source): Callable | null {
  if (kind === "function") return taskIn(source, name);
  return owner === null ? null : methodIn(source, owner, name, kind === "static");
}

function areSame(written: readonly WrittenParameter[], known: readonly WrittenParameter[]) {
  return (
    written.length === known.length &&
    written.every(
      ({ name, isRest }, at) => name === known[at]?.name && isRest === known[at]?.isRest,
    )
  );
}

function argumentOf(parameter: WrittenParameter, source: Source | null): Argument {
  const { name, isRest, type, value } = parameter;
  const isTyped = source !== null && (type !== null || value !== null);
  const found = source ? readOf(parameter, source) : JSON_TYPE;
  const read = isRest && found.type.kind !== "list" ? ANY_LIST : found;
  return {
    name,
    isRest,
    ...read,
    isOptional: parameter.isOptional || isRest || read.hasUndefined || !isTyped,
    words: source && type ? wordsOf(source, type) : "",
  };
}

const ANY_LIST: ReadType = { ...JSON_TYPE, type: { kind: "list", of: JSON_TYPE.type } };

function readOf({ type, value }: WrittenParameter, { nodes }: Source): ReadType {
  if (type !== null) return readType(type, nodes);
  return value === null ? JSON_TYPE : typeOfValue(value);
}

/** On one line, without comments. */
function wordsOf({ text, nodes }: Source, type: Node): string {
  const { start, end } = placeOf(type);
  let words = text.slice(start, end);
  const comments = nodes.filter((node) => node.type.startsWith("Comment")).map(placeOf);
  for (const comment of comments.filter((one) => one.start >= start && one.end <= end)) {
    words = words.replace(text.slice(comment.start, comment.end), " ");
  }
  return words.replaceAll(/\s+/g, " ").trim();
}

function placeOf({ start, end }: Node): { readonly start: number; readonly end: number } {
  return { start: start ?? 0, end: end ?? 0 };
}
