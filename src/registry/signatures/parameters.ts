/** Reads a list of parameters, as TypeScript and JavaScript write it. */
import type { Source, Token } from "./tokens.ts";

export interface WrittenParameter {
  /** null: it has none, as `{ a, b }`. */
  readonly name: string | null;
  readonly isRest: boolean;
  /** It has a `?`, or a value of its own. */
  readonly isOptional: boolean;
  /** The places of the tokens of its type; null: it has none. */
  readonly type: Places | null;
  /** The same of the value that it has by itself. */
  readonly value: Places | null;
}

/** From the first of some tokens to that after the last. */
export type Places = readonly [from: number, to: number];

/** @param opening the place of its bracket. @returns null: it is not sure of what it reads. */
export function readParameters(source: Source, opening: number): WrittenParameter[] | null {
  const end = source.closing.get(opening);
  if (end === undefined) return null;
  const parameters: WrittenParameter[] = [];
  const reader = new Reader(source, opening + 1, end);
  while (!reader.isAtEnd) {
    const parameter = reader.parameter();
    if (parameter === null) return null;
    if (parameter.name !== "this") parameters.push(parameter);
  }
  return parameters;
}

class Reader {
  readonly #source: Source;
  readonly #end: number;
  #at: number;

  constructor(source: Source, at: number, end: number) {
    this.#source = source;
    this.#at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  parameter(): WrittenParameter | null {
    const isRest = this.#take("...");
    const name = this.#name();
    if (name === undefined) return null;
    const hasMark = this.#take("?");
    const type = this.#take(":") ? this.#skipType() : null;
    const value = this.#take("=") ? this.#skipValue() : null;
    if (value === undefined) return null;
    if (!this.isAtEnd && !this.#take(",")) return null;
    return { name, isRest, isOptional: hasMark || value !== null, type, value };
  }

  get #token(): Token | undefined {
    return this.isAtEnd ? undefined : this.#source.tokens[this.#at];
  }

  #take(sign: string): boolean {
    const isIt = this.#token?.kind === "sign" && this.#token.text === sign;
    if (isIt) this.#at += 1;
    return isIt;
  }

  /** null: a pattern; undefined: neither a name nor a pattern. */
  #name(): string | null | undefined {
    const token = this.#token;
    if (token?.kind === "word") {
      this.#at += 1;
      return token.text;
    }
    return this.#skipGroup() ? null : undefined;
  }

  /** Passes over a bracket and all that is in it. */
  #skipGroup(): boolean {
    const closing = this.#source.closing.get(this.#at);
    if (closing === undefined || this.isAtEnd) return false;
    this.#at = closing + 1;
    return true;
  }

  #skipType(): Places {
    const from = this.#at;
    let angles = 0;
    while (!this.isAtEnd) {
      const text = this.#token?.kind === "sign" ? this.#token.text : "";
      if (angles === 0 && (text === "," || text === "=")) break;
      if (text === "<") angles += 1;
      if (text === ">") angles -= 1;
      if (!this.#skipGroup()) this.#at += 1;
    }
    return [from, this.#at];
  }

  /** undefined: `a < b, c > (d)` may be two comparisons, or a call with types. */
  #skipValue(): Places | undefined {
    const from = this.#at;
    while (!this.isAtEnd) {
      const text = this.#token?.kind === "sign" ? this.#token.text : "";
      if (text === ",") break;
      if (text === "<" || text === ">") return undefined;
      if (!this.#skipGroup()) this.#at += 1;
    }
    return [from, this.#at];
  }
}
