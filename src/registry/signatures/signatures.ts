/**
 * What is known of the arguments of each call, for the fields of a form. Types are gone from a program that runs, so they
 * are read from its source, and count only where the names of the parameters there are those that the engine has.
 */
import { readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { hashOfContent, type LoadedFiles } from "../loaded-files.ts";
import { methodIn, taskIn } from "./declarations.ts";
import type { CallHead, CallHeads } from "./heads.ts";
import { type Places, readParameters, type WrittenParameter } from "./parameters.ts";
import { readSource, type Source } from "./tokens.ts";
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

/** What a program has loaded. */
export interface LoadedCalls {
  readonly heads: CallHeads;
  readonly files: LoadedFiles;
}

const TYPESCRIPT = /\.[mc]?tsx?$/;

/** Besides the file of a model, as many are searched for its class, which it may have from there. */
const MOST_FILES = 100;

/** @returns null: nothing is known of it. */
export function signatureOf(call: string, { heads, files }: LoadedCalls): Signature | null {
  const head = Object.hasOwn(heads, call) ? heads[call] : undefined;
  const known = head && parametersOfText(head.text);
  if (!head || !known) return null;
  const written = writtenIn(head, known, files);
  if (written === null && isWrapper(known)) return null;
  const all = written ?? known.map((parameter) => argumentOf(parameter, null));
  return head.kind === "static" ? all.slice(1) : all; // the first of these are the records
}

/** `(...args)`: it gives them to another function, of which nothing is known. */
function isWrapper(known: readonly WrittenParameter[]): boolean {
  return known.length === 1 && known[0]?.isRest === true;
}

/** The parameters of a function or method as the engine writes it. */
function parametersOfText(text: string): WrittenParameter[] | null {
  // The text may be cut, and so not read as a whole: only its head counts.
  const single = /^(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(text);
  const [, alone] = single ?? [];
  if (alone !== undefined) return [{ ...ALONE, name: alone }];
  for (let end = text.indexOf(")"); end !== -1; end = text.indexOf(")", end + 1)) {
    const source = readSource(text.slice(0, end + 1));
    const opening = source?.tokens.findIndex(
      (token) => token.text === "(" && token.kind === "sign",
    );
    if (!source || opening === undefined || opening < 0) continue;
    if (source.closing.get(opening) !== source.tokens.length - 1) continue;
    if (!isHead(source, opening)) return null;
    return readParameters(source, opening);
  }
  return null;
}

/** The parameter of an arrow without brackets. */
const ALONE = { isRest: false, isOptional: false, type: null, value: null } as const;

/** `async name`, `function* name`, `async *"a name"`: nothing else stands before parameters; not `[a(b)]`. */
function isHead({ tokens }: Source, opening: number): boolean {
  const before = tokens.slice(0, opening);
  return before.every(({ kind, text }) => kind === "word" || kind === "text" || text === "*");
}

function writtenIn(
  head: CallHead,
  known: readonly WrittenParameter[],
  files: LoadedFiles,
): Signature | null {
  for (const file of filesFor(head, files)) {
    const source = sourceOf(file, files[file]);
    const opening = source && declarationOf(head, source);
    if (source === null || opening === null) continue;
    const written = readParameters(source, opening);
    if (written === null || !areSame(written, known)) return null;
    return written.map((parameter) => argumentOf(parameter, source));
  }
  return null;
}

/** The file of the model first, and those below its folder: others may have a class of the same name. */
function filesFor({ file }: CallHead, files: LoadedFiles): readonly string[] {
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
    return hashOfContent(bytes) === hash ? readSource(bytes.toString("utf8")) : null;
  } catch {
    return null;
  }
}

function declarationOf({ owner, name, kind }: CallHead, source: Source): number | null {
  if (kind === "function") return taskIn(source, name);
  return owner === null ? null : methodIn(source, owner, name);
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

function readOf({ type, value }: WrittenParameter, source: Source): ReadType {
  if (type !== null) return readType(source, type);
  return value === null ? JSON_TYPE : typeOfValue(source, value);
}

/** On one line, without comments. */
function wordsOf({ text, tokens }: Source, [from, to]: Places): string {
  const parts = tokens.slice(from, to).map((token, at) => {
    const before = tokens[from + at - 1];
    const isApart = at > 0 && before !== undefined && before.end < token.start;
    return `${isApart ? " " : ""}${text.slice(token.start, token.end)}`;
  });
  return parts.join("");
}
