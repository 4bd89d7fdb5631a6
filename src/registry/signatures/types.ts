/** Reads the types that a field of a form can have. All others are JSON. */
import type { Places } from "./parameters.ts";
import type { Source, Token } from "./tokens.ts";

export type Literal = string | number | boolean | null;

export type ArgumentType =
  | { readonly kind: "text" | "number" | "boolean" | "json" }
  | { readonly kind: "choice"; readonly choices: readonly Literal[] }
  | { readonly kind: "list"; readonly of: ArgumentType };

export interface ReadType {
  readonly type: ArgumentType;
  /** The type has `null` beside it. A choice has it among its own. */
  readonly hasNull: boolean;
  /** The type has `undefined` beside it. */
  readonly hasUndefined: boolean;
}

/** One of the types that `|` divides. */
type Part =
  | { readonly kind: "literal"; readonly value: Literal }
  | { readonly kind: "undefined" }
  | ArgumentType;

export const JSON_TYPE: ReadType = { type: { kind: "json" }, hasNull: false, hasUndefined: false };

const MOST_DEPTH = 20;
const MOST_CHOICES = 100;

/** The type that these tokens write. */
export function readType(source: Source, [from, to]: Places): ReadType {
  const reader = new TypeReader(source, from, to, 0);
  const parts = reader.union();
  return parts === null || !reader.isAtEnd ? JSON_TYPE : summed(parts);
}

/** The type that TypeScript gives to a parameter with this value alone, such as `copies = 1`. */
export function typeOfValue({ tokens }: Source, [from, to]: Places): ReadType {
  const [token, ...others] = tokens.slice(from, to);
  if (token === undefined || others.length > 0) return JSON_TYPE;
  if (token.kind === "text" || token.text.startsWith("`")) return plain("text");
  if (token.kind === "number" && !token.text.endsWith("n")) return plain("number");
  return ["true", "false"].includes(token.text) ? plain("boolean") : JSON_TYPE;
}

function plain(kind: "text" | "number" | "boolean"): ReadType {
  return { type: { kind }, hasNull: false, hasUndefined: false };
}

function summed(parts: readonly Part[]): ReadType {
  const hasNull = parts.some((part) => part.kind === "literal" && part.value === null);
  const hasUndefined = parts.some(({ kind }) => kind === "undefined");
  const rest = parts.filter(
    (part) => part.kind !== "undefined" && !(part.kind === "literal" && part.value === null),
  );
  return { ...typeOf(rest, hasNull), hasUndefined };
}

function typeOf(parts: readonly Part[], hasNull: boolean): Omit<ReadType, "hasUndefined"> {
  const values = parts.flatMap((part) => (part.kind === "literal" ? [part.value] : []));
  const isBoolean = parts.length > 0 && parts.every(({ kind }) => kind === "boolean");
  if (isBoolean && !hasNull) return { type: { kind: "boolean" }, hasNull };
  const choices = parts.flatMap(choicesOf);
  const areChoices = parts.length > 0 && parts.every((part) => choicesOf(part).length > 0);
  if (areChoices && choices.length <= MOST_CHOICES) {
    const all = [...new Set<Literal>([...choices, ...(hasNull ? [null] : [])])];
    return { type: { kind: "choice", choices: all }, hasNull: false };
  }
  for (const kind of ["text", "number"] as const) {
    const word = kind === "text" ? "string" : "number";
    const fits = parts.every((part) => part.kind === kind || part.kind === "literal");
    if (fits && parts.length > 0 && values.every((value) => typeof value === word)) {
      return { type: { kind }, hasNull };
    }
  }
  const [only, ...others] = parts;
  if (only?.kind === "list" && others.length === 0) return { type: only, hasNull };
  return { type: { kind: "json" }, hasNull: false };
}

function choicesOf(part: Part): readonly Literal[] {
  if (part.kind === "literal") return [part.value];
  return part.kind === "boolean" ? [true, false] : [];
}

const WORDS: Readonly<Record<string, Part>> = {
  string: { kind: "text" },
  number: { kind: "number" },
  boolean: { kind: "boolean" },
  true: { kind: "literal", value: true },
  false: { kind: "literal", value: false },
  null: { kind: "literal", value: null },
  undefined: { kind: "undefined" },
};

class TypeReader {
  readonly #source: Source;
  readonly #end: number;
  readonly #depth: number;
  #at: number;

  constructor(source: Source, at: number, end: number, depth: number) {
    this.#source = source;
    this.#at = at;
    this.#end = end;
    this.#depth = depth;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  get token(): Token | undefined {
    return this.isAtEnd ? undefined : this.#source.tokens[this.#at];
  }

  /** null: it has a type that no field has. */
  union(): Part[] | null {
    this.#take("|");
    const parts: Part[] = [];
    do {
      const read = this.#lists();
      if (read === null) return null;
      parts.push(...read);
    } while (this.#take("|"));
    return parts;
  }

  #take(text: string): boolean {
    const isIt = this.token?.text === text && this.token.kind !== "text";
    if (isIt) this.#at += 1;
    return isIt;
  }

  #lists(): Part[] | null {
    const isReadonly = this.#take("readonly");
    let parts = this.#one();
    let isList = false;
    while (parts !== null && this.token?.text === "[" && !this.token.isOnNewLine) {
      if (this.#source.closing.get(this.#at) !== this.#at + 1) return null; // `T["key"]`
      this.#at += 2;
      parts = [listOf(parts)];
      isList = true;
    }
    return isReadonly && !isList ? null : parts;
  }

  #one(): Part[] | null {
    const { token } = this;
    if (token === undefined) return null;
    if (token.text === "(") return this.#group();
    const isMinus = this.#take("-");
    const literal = this.token && literalOf(this.token, isMinus);
    if (literal === undefined && isMinus) return null;
    if (literal !== undefined) {
      this.#at += 1;
      return [{ kind: "literal", value: literal }];
    }
    return token.kind === "word" ? this.#word(token.text) : null;
  }

  #group(): Part[] | null {
    const end = this.#source.closing.get(this.#at);
    if (end === undefined || this.#depth >= MOST_DEPTH) return null;
    const inner = new TypeReader(this.#source, this.#at + 1, end, this.#depth + 1);
    const parts = inner.union();
    this.#at = end + 1;
    if (this.token?.text === "=>") return null; // they were parameters
    return inner.isAtEnd ? parts : null;
  }

  #word(name: string): Part[] | null {
    this.#at += 1;
    if (this.#take("<")) return LISTS.has(name) ? this.#listed() : null;
    const known = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
    return known === undefined ? this.#alias(name) : [known];
  }

  /** What `Array<` has begun. */
  #listed(): Part[] | null {
    if (this.#depth >= MOST_DEPTH) return null;
    const inner = new TypeReader(this.#source, this.#at, this.#end, this.#depth + 1);
    const parts = inner.union();
    if (parts === null || inner.token?.text !== ">") return null;
    this.#at = inner.#at + 1;
    return [listOf(parts)];
  }

  /** A `type` of the same file that has its name once. */
  #alias(name: string): Part[] | null {
    const at = this.#depth < MOST_DEPTH ? aliasOf(this.#source, name) : null;
    if (at === null) return null;
    const reader = new TypeReader(this.#source, at, this.#source.tokens.length, this.#depth + 1);
    const parts = reader.union();
    const { token } = reader;
    const isEnd =
      token === undefined || token.text === ";" || (token.isOnNewLine && token.kind === "word");
    return isEnd && token?.text !== "extends" ? parts : null;
  }
}

const LISTS = new Set(["Array", "ReadonlyArray"]);

function listOf(parts: readonly Part[]): ArgumentType {
  const { type, hasNull, hasUndefined } = summed(parts);
  return { kind: "list", of: hasNull || hasUndefined ? { kind: "json" } : type };
}

/** A text with escapes has none: it would need the rules of these. */
function literalOf({ kind, text }: Token, isMinus: boolean): string | number | undefined {
  if (kind === "text" && !isMinus && !text.includes("\\")) return text.slice(1, -1);
  if (kind !== "number" || !/^\d+(?:\.\d+)?$/.test(text)) return undefined;
  return isMinus ? -Number(text) : Number(text);
}

/** Where the type of this name begins; null: there is none, or more that may be it. */
function aliasOf({ tokens }: Source, name: string): number | null {
  const found: number[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== "word" || text !== name) continue;
    const before = tokens[at - 1]?.text ?? "";
    if (OTHERS.has(before)) return null;
    if (before !== "type" || tokens[at + 1]?.text !== "=") continue;
    found.push(at + 2);
  }
  const [only, ...more] = found;
  return only === undefined || more.length > 0 ? null : only;
}

/** Another meaning of the name, maybe in a narrower place. */
const OTHERS = new Set(["class", "interface", "enum", "infer", "namespace", "import", "<"]);
