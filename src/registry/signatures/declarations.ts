/** Finds a method of a class, and a function of `task()`, in a source. */
import type { Source, Token } from "./tokens.ts";

/**
 * The brackets of the parameters of a class's method.
 *
 * @returns null: the source does not have it exactly once.
 */
export function methodIn(source: Source, owner: string, method: string): number | null {
  const body = only(classBodies(source, owner));
  if (body === null) return null;
  const { tokens, closing } = source;
  const end = closing.get(body) ?? body;
  const found: number[] = [];
  for (let at = body + 1; at < end; at = (closing.get(at) ?? at) + 1) {
    if (!isNamed(tokens[at], method) || !isCalled(source, at + 1)) continue;
    if (MEMBER_START.has(tokens[at - 1]?.text ?? "")) found.push(at + 1);
    else if (!isExpression(tokens[at - 1])) return null;
  }
  return only(found);
}

/** These stand before the name of a method. */
const MEMBER_START = new Set("{ } ; * static async public private protected override".split(" "));

/** A method's name cannot follow it: this is a call in the value of a field. */
function isExpression(before: Token | undefined): boolean {
  return before?.kind === "sign" && /^(?:[=.(,+\-/&|?:<!~^%]|=>)$/.test(before.text);
}

function isNamed(token: Token | undefined, name: string): boolean {
  if (token?.kind === "word") return token.text === name;
  return token?.kind === "text" && token.text.slice(1, -1) === name;
}

/** A name with types of its own is none that is read: these may be those of its parameters. */
function isCalled({ tokens }: Source, at: number): boolean {
  return tokens[at]?.text === "(" && tokens[at].kind === "sign";
}

function only<T>(found: readonly T[]): T | null {
  const [first, ...others] = found;
  return first === undefined || others.length > 0 ? null : first;
}

function classBodies(source: Source, name: string): number[] {
  const { tokens } = source;
  return tokens.flatMap(({ kind, text }, at) => {
    if (kind !== "word" || text !== "class" || tokens[at - 1]?.text === ".") return [];
    if (tokens[at + 1]?.kind !== "word" || tokens[at + 1]?.text !== name) return [];
    // A class with types of its own counts, so that another one of its name is not taken for it.
    return [tokens[at + 2]?.text === "<" ? NO_BODY : bodyAfter(source, at + 2)];
  });
}

/** No bracket is there. */
const NO_BODY = -1;

/** The bracket after what the class extends. */
function bodyAfter({ tokens, closing }: Source, from: number): number {
  let angles = 0;
  for (let at = from; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token;
    if (kind !== "sign") continue;
    if (text === "{" && angles === 0) return at;
    if (text === "<") angles += 1;
    if (text === ">") angles -= 1;
    if (text === ";") return NO_BODY;
    at = closing.get(at) ?? at;
  }
  return NO_BODY;
}

/** The brackets of the parameters of the function that is given to `task(name, …)`; null as above. */
export function taskIn(source: Source, name: string): number | null {
  const { tokens, closing } = source;
  const calls = tokens.flatMap(({ kind, text }, at) => {
    if (kind !== "word" || text !== "task" || !isCalled(source, at + 1)) return [];
    if ([".", "function"].includes(tokens[at - 1]?.text ?? "")) return [];
    return tokens[at + 2]?.kind === "text" && isNamed(tokens[at + 2], name) ? [at + 1] : [];
  });
  const call = only(calls);
  const end = call === null ? undefined : closing.get(call);
  if (call === null || end === undefined) return null;
  let last = call + 1;
  for (let at = call + 1; at < end; at = (closing.get(at) ?? at) + 1) {
    const isLater = tokens[at]?.text === "," && tokens[at]?.kind === "sign" && at + 1 < end;
    if (isLater) last = at + 1;
  }
  return functionAt(source, last, end);
}

/** The brackets of a function's parameters, of an arrow's, or of the function that has this name in the source. */
function functionAt(source: Source, from: number, end: number): number | null {
  const { tokens } = source;
  const word = (at: number) => (tokens[at]?.kind === "word" ? tokens[at].text : null);
  let at = word(from) === "async" ? from + 1 : from;
  if (word(at) === "function") {
    at += 1;
    if (tokens[at]?.text === "*") at += 1;
    if (word(at) !== null) at += 1;
    return isCalled(source, at) ? at : null;
  }
  if (isCalled(source, at)) return at;
  const name = word(from);
  const isAlone = from + 1 === end || (tokens[from + 1]?.text === "," && from + 2 === end);
  return name !== null && isAlone ? functionNamed(source, name) : null;
}

function functionNamed(source: Source, name: string): number | null {
  const { tokens } = source;
  const found = tokens.flatMap((token, at) => {
    if (token.kind !== "word" || token.text !== name) return [];
    const before = tokens[at - 1]?.text ?? "";
    if (before === "function") return isCalled(source, at + 1) ? [at + 1] : [NO_BODY];
    return ["const", "let", "var", "class"].includes(before) ? [NO_BODY] : [];
  });
  return only(found);
}
