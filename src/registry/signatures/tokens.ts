/**
 * The words and signs of a source, without its comments. It is no parser: where it is not sure, it says so, and nothing is
 * known of that source.
 */
export interface Token {
  readonly kind: "word" | "number" | "text" | "other" | "sign";
  /** As it stands in the source. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** A line ends between the token before and this one. */
  readonly isOnNewLine: boolean;
}

export interface Source {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** The place of the bracket that closes the one at a place. */
  readonly closing: ReadonlyMap<number, number>;
}

/** A larger source is not read: a page waits for it. */
const MOST_CHARACTERS = 500_000;

const MOST_DEPTH = 200;

/** null: its brackets do not match, a text does not end, or it is too large. */
export function readSource(text: string): Source | null {
  if (text.length > MOST_CHARACTERS) return null;
  const tokens: Token[] = [];
  const end = new Scanner(text, tokens).scan(0, 0, false);
  const closing = end === text.length ? closingOf(tokens) : null;
  return closing && { text, tokens, closing };
}

const OPENING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const CLOSING = new Set(Object.values(OPENING));

function closingOf(tokens: readonly Token[]): Map<number, number> | null {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== "sign") continue;
    if (text in OPENING) open.push(at);
    if (!CLOSING.has(text)) continue;
    const opened = open.pop();
    if (opened === undefined || OPENING[tokens[opened]?.text ?? ""] !== text) return null;
    closing.set(opened, at);
  }
  return open.length === 0 ? closing : null;
}

const SPACE = /[\s\uFEFF]+/y;
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\.?\d(?:[eE][+-]\d|[\w.])*/y;
const LINE_END = /[\n\r\u2028\u2029]/;

/** After these words a slash begins a regular expression, as after most signs. */
const BEFORE_PATTERN = new Set(
  "await case delete do else extends in instanceof new of return throw typeof void yield".split(
    " ",
  ),
);

class Scanner {
  readonly #text: string;
  readonly #tokens: Token[];
  #isOnNewLine = true;

  constructor(text: string, tokens: Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  /**
   * Reads to the end, or to the bracket that ends the part of a template.
   *
   * @returns where it has stopped; -1: it is not sure of what it reads.
   */
  scan(from: number, depth: number, isPart: boolean): number {
    const text = this.#text;
    let braces = 0;
    let at = from;
    while (at >= 0 && at < text.length) {
      const next = text[at] ?? "";
      if (isPart && next === "}" && braces === 0) return at;
      if (next === "{") braces += 1;
      else if (next === "}") braces -= 1;
      at = this.#one(at, depth);
    }
    return isPart ? -1 : at;
  }

  #one(at: number, depth: number): number {
    const text = this.#text;
    const space = this.#match(SPACE, at);
    if (space > at) return this.#pass(at, space);
    const two = text.slice(at, at + 2);
    if (two === "//" || (two === "#!" && at === 0)) {
      const rest = text.slice(at).search(LINE_END);
      return rest === -1 ? text.length : at + rest;
    }
    if (two === "/*") {
      const end = text.indexOf("*/", at + 2);
      return end === -1 ? -1 : this.#pass(at, end + 2);
    }
    const word = this.#match(WORD, at);
    if (word > at) return this.#add("word", at, word);
    const number = this.#match(NUMBER, at);
    if (number > at) return this.#add("number", at, number);
    if (two[0] === '"' || two[0] === "'") return this.#add("text", at, this.#textEnd(at));
    if (two[0] === "`") return this.#template(at, depth);
    if (two[0] === "/" && this.#isPattern()) return this.#add("other", at, this.#patternEnd(at));
    if (two[0] === "\\") return -1; // a name that is written in escapes
    const length = two === "=>" ? 2 : text.startsWith("...", at) ? 3 : 1;
    return this.#add("sign", at, at + length);
  }

  #match(pattern: RegExp, at: number): number {
    pattern.lastIndex = at;
    return pattern.test(this.#text) ? pattern.lastIndex : at;
  }

  #pass(from: number, to: number): number {
    if (LINE_END.test(this.#text.slice(from, to))) this.#isOnNewLine = true;
    return to;
  }

  #add(kind: Token["kind"], start: number, end: number): number {
    if (end < 0) return end;
    const text = this.#text.slice(start, end);
    this.#tokens.push({ kind, text, start, end, isOnNewLine: this.#isOnNewLine });
    this.#isOnNewLine = false;
    return end;
  }

  #textEnd(start: number): number {
    const text = this.#text;
    const quote = text[start];
    for (let at = start + 1; at < text.length; at++) {
      const next = text[at];
      if (next === quote) return at + 1;
      if (next === "\\") at += text[at + 1] === "\r" && text[at + 2] === "\n" ? 2 : 1;
      else if (next === "\n" || next === "\r") return -1;
    }
    return -1;
  }

  /** Of a template counts that it is there; the code in it is read to find its end. */
  #template(start: number, depth: number): number {
    if (depth > MOST_DEPTH) return -1;
    const text = this.#text;
    const before = this.#tokens.length;
    const isOnNewLine = this.#isOnNewLine;
    for (let at = start + 1; at < text.length; at++) {
      if (text[at] === "\\") at += 1;
      else if (text[at] === "`") {
        this.#tokens.length = before;
        this.#isOnNewLine = isOnNewLine;
        return this.#add("other", start, at + 1);
      } else if (text.startsWith("${", at)) {
        at = this.scan(at + 2, depth + 1, true);
        if (at < 0) return -1;
      }
    }
    return -1;
  }

  #isPattern(): boolean {
    const before = this.#tokens.at(-1);
    if (before === undefined) return true;
    if (before.kind === "word") return BEFORE_PATTERN.has(before.text);
    return before.kind === "sign" && !CLOSING.has(before.text);
  }

  #patternEnd(start: number): number {
    const text = this.#text;
    let isInClass = false;
    for (let at = start + 1; at < text.length; at++) {
      const next = text[at] ?? "";
      if (LINE_END.test(next)) return -1;
      if (next === "\\") at += 1;
      else if (next === "[") isInClass = true;
      else if (next === "]") isInClass = false;
      else if (next === "/" && !isInClass) return this.#match(/[\w]*/y, at + 1);
    }
    return -1;
  }
}
