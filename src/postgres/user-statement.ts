/** Finds out, with just enough of SQL's grammar, how a statement of user SQL affects the transaction and connection. */

/** Blanks and comments, quoted texts and names, parameters, words, and single signs. */
const TOKEN =
  /(?<blank>\s+|--[^\n]*)|(?<comment>\/\*)|(?<escaped>[eE]'(?:[^'\\]|\\[^]|'')*')|(?<text>'[^']*(?:''[^']*)*')|(?<name>"[^"]*(?:""[^"]*)*")|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|\$(?<parameter>\d+)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|[^]/gy;

/** A batch settles a task by its savepoint, so user SQL must not release it, go back to it or hide it. */
const OURS = new Set(["tq_task", "tq_row"]);

interface Token {
  readonly kind: "word" | "name" | "text" | "parameter" | "sign";
  readonly text: string;
}

/** The effects of a text beyond its transaction. */
export interface Effects {
  /** The statements in it, without empty ones. */
  readonly count: number;
  /** The highest number of a parameter. */
  readonly parameters: number;
  /** True when it ends the transaction, or touches tq's savepoints. */
  readonly ends: boolean;
  /** True when it goes back to a savepoint. */
  readonly goesBack: boolean;
  /** True when later transactions on the connection would see what it does. */
  readonly changesConnection: boolean;
}

const known = new Map<string, Effects>();

/** Texts of templates come again and again. */
const MOST_KNOWN = 1_000;

export function effectsOf(sql: string): Effects {
  let effects = known.get(sql);
  if (!effects) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(sql, (effects = read(sql)));
  }
  return effects;
}

function read(sql: string): Effects {
  const tokens = tokensOf(sql);
  const list = statements(tokens);
  const numbers = tokens.flatMap(({ kind, text }) => (kind === "parameter" ? Number(text) : []));
  return {
    count: list.length,
    parameters: Math.max(0, ...numbers),
    ends: list.some(ends),
    goesBack: list.some(goesBack),
    changesConnection: list.some(changesConnection),
  };
}

/** Without blanks and comments; names without their quotes, words in lower case. */
function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match; match = TOKEN.exec(sql)) {
    const { groups = {} } = match;
    const [text] = match;
    if (groups["blank"] !== undefined) continue;
    if (groups["comment"] !== undefined) {
      TOKEN.lastIndex = commentEnd(sql, TOKEN.lastIndex);
    } else if (groups["dollar"] !== undefined) {
      const end = sql.indexOf(text, TOKEN.lastIndex);
      TOKEN.lastIndex = end === -1 ? sql.length : end + text.length;
      tokens.push({ kind: "text", text: "" });
    } else if (groups["parameter"] !== undefined) {
      tokens.push({ kind: "parameter", text: groups["parameter"] });
    } else if (groups["name"] !== undefined) {
      tokens.push({ kind: "name", text: text.slice(1, -1).replaceAll('""', '"') });
    } else if (groups["word"] !== undefined) {
      tokens.push({ kind: "word", text: text.toLowerCase() });
    } else if ((groups["text"] ?? groups["escaped"]) !== undefined) {
      tokens.push({ kind: "text", text: "" });
    } else {
      tokens.push({ kind: "sign", text });
    }
    if (TOKEN.lastIndex >= sql.length) break;
  }
  return tokens;
}

/** Comments stand inside others. */
function commentEnd(sql: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  let depth = 1;
  while (depth > 0) {
    const mark = marks.exec(sql);
    if (!mark) return sql.length;
    depth += mark[0] === "/*" ? 1 : -1;
  }
  return marks.lastIndex;
}

/** A `;` inside BEGIN ATOMIC … END, the body of a function, ends no statement. */
function statements(tokens: readonly Token[]): Token[][] {
  const list: Token[][] = [[]];
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    const isWord = token.kind === "word";
    if (isWord && token.text === "atomic" && tokens[index - 1]?.text === "begin") depth = 1;
    else if (isWord && token.text === "case" && depth > 0) depth += 1;
    else if (isWord && token.text === "end" && depth > 0) depth -= 1;
    if (token.kind === "sign" && token.text === ";" && depth === 0) list.push([]);
    else list.at(-1)?.push(token);
  }
  return list.filter((statement) => statement.length > 0);
}

/** The words of a statement; names count where they name a savepoint. */
function wordsOf(tokens: readonly Token[]): string[] {
  return tokens.flatMap(({ kind, text }) => (kind === "word" || kind === "name" ? text : []));
}

function ends(tokens: readonly Token[]): boolean {
  const words = wordsOf(tokens);
  const [verb, second] = words;
  const isOurs = OURS.has(words.at(-1) ?? "");
  if (verb === "commit" || verb === "end" || verb === "abort") return true;
  if (verb === "prepare") return second === "transaction";
  if (verb === "rollback") return !words.includes("to") || isOurs;
  return (verb === "release" || verb === "savepoint") && isOurs;
}

function goesBack(tokens: readonly Token[]): boolean {
  const [verb, ...words] = wordsOf(tokens);
  return verb === "rollback" && words.includes("to");
}

/** Statements whose effect outlives the transaction: they belong to the session. */
const OF_SESSION = new Set([
  "listen",
  "unlisten",
  "reset",
  "discard",
  "load",
  "prepare",
  "deallocate",
]);

/** Functions with such an effect. */
const FUNCTIONS =
  /^(?:pg_(?:try_)?advisory_lock(?:_shared)?|pg_advisory_unlock\w*|set_config|lo_open|setseed)$/;

function changesConnection(tokens: readonly Token[]): boolean {
  const words = wordsOf(tokens);
  const [verb = "", second = ""] = words;
  if (OF_SESSION.has(verb)) return true;
  if (verb === "set") return !["local", "transaction", "constraints"].includes(second);
  if (words.some((word) => FUNCTIONS.test(word))) return true;
  if (verb === "declare") return words.includes("hold");
  // CREATE TEMP TABLE, SELECT … INTO TEMP, CREATE TABLE pg_temp.…: gone with the session alone.
  return words.some((word) => word === "temp" || word === "temporary" || word === "pg_temp");
}
