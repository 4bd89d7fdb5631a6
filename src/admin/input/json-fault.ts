/** Finds the place where a text stops being JSON, which JSON.parse does not tell. */

/** The place, counted from 0 in UTF-16 units, and what was expected there. */
export interface JsonFault {
  readonly at: number;
  readonly reason: string;
}

/** Reads each character once. Null where the text is JSON. Its lists and objects may be nested some thousand deep. */
export function findJsonFault(text: string): JsonFault | null {
  const scan = new JsonScan(text);
  try {
    scan.read();
    return null;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { at: fault.at, reason: fault.message };
  }
}

class Fault extends Error {
  readonly at: number;

  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /(?:true|false|null)/y;
const GOES_ON = /[\w.+-]/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;

class JsonScan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): void {
    this.#value();
    if (this.#next() !== "") throw this.#expected("the end");
  }

  /** The next character that is no space; empty at the end. */
  #next(): string {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
    return this.#text.charAt(this.#at);
  }

  #take(char: string): boolean {
    if (this.#next() !== char) return false;
    this.#at += 1;
    return true;
  }

  #value(): void {
    const char = this.#next();
    if (char === '"') this.#string();
    else if (char === "[") this.#list("]", () => this.#value());
    else if (char === "{") this.#list("}", () => this.#member());
    else this.#word();
  }

  #list(close: "]" | "}", readItem: () => void): void {
    this.#at += 1;
    if (this.#take(close)) return;
    do readItem();
    while (this.#take(","));
    if (!this.#take(close)) throw this.#expected(`"," or "${close}"`);
  }

  #member(): void {
    if (this.#next() !== '"') throw this.#expected("a name in double quotes");
    this.#string();
    if (!this.#take(":")) throw this.#expected('":"');
    this.#value();
  }

  #string(): void {
    const start = this.#at;
    for (this.#at += 1; ;) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code)) throw new Fault(start, "this text has no closing quote");
      if (code < 0x20)
        throw new Fault(this.#at, "a control character in a text; write it as \\n, \\t or \\u00XX");
      if (code === BACKSLASH) this.#escape();
      else this.#at += 1;
      if (code === QUOTE) return;
    }
  }

  #escape(): void {
    const end = endOf(ESCAPE, this.#text, this.#at);
    if (end === null)
      throw new Fault(this.#at, "a backslash that begins no escape; write it twice");
    this.#at = end;
  }

  #word(): void {
    const end = endOf(NUMBER, this.#text, this.#at) ?? endOf(WORD, this.#text, this.#at);
    if (end === null || endOf(GOES_ON, this.#text, end) !== null) throw this.#expected("a value");
    this.#at = end;
  }

  #expected(what: string): Fault {
    const code = this.#text.codePointAt(this.#at);
    const found = code === undefined ? "the end" : JSON.stringify(String.fromCodePoint(code));
    return new Fault(this.#at, `expected ${what}, found ${found}`);
  }
}

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function endOf(token: RegExp, text: string, at: number): number | null {
  token.lastIndex = at;
  return token.test(text) ? token.lastIndex : null;
}
