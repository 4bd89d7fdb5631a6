/** Finds out, with just enough of SQL's grammar, how user SQL affects the transaction and connection around it. */

/** Blanks and comments, quoted names and texts, words, and single signs. */
const TOKEN =
  /(?<blank>\s+|--[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<quoted>'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|`[^`]*(?:``[^`]*)*`|\[[^\]]*\])|(?<word>\w+)|[^]/gy;

/** A batch settles a task by its savepoint, so user SQL must not release it, go back to it or hide it. */
const OURS = "tq_task";

/** The effects of a text of one or more statements beyond its transaction. */
export interface Effects {
  /** True when it ends the transaction, or touches tq's savepoint. */
  readonly ends: boolean;
  /** True when it goes back to a savepoint. */
  readonly goesBack: boolean;
  /** True when it changes the connection itself. */
  readonly changesConnection: boolean;
}

const NONE: Effects = { ends: false, goesBack: false, changesConnection: false };

/** A text without these words has no effects, and need not be parsed. */
const MAY_HAVE_EFFECTS =
  /\b(?:commit|end|rollback|release|savepoint|pragma|temp|temporary|attach|detach)\b/i;

export function effectsOf(sql: string): Effects {
  if (!MAY_HAVE_EFFECTS.test(sql)) return NONE;
  const list = statements(sql);
  return {
    ends: list.some(ends),
    goesBack: list.some(goesBack),
    changesConnection: list.some(changesConnection),
  };
}

/** Counts the statements of a text, without empty ones. */
export function countStatements(sql: string): number {
  return statements(sql).filter((words) => words.length > 0).length;
}

function ends(words: readonly string[]): boolean {
  const [verb] = words;
  if (verb === "commit" || verb === "end") return true;
  if (verb === "rollback") return !words.includes("to") || words.at(-1) === OURS;
  return (verb === "release" || verb === "savepoint") && words.at(-1) === OURS;
}

function goesBack([verb, ...words]: readonly string[]): boolean {
  return verb === "rollback" && words.includes("to");
}

function changesConnection(words: readonly string[]): boolean {
  const [verb] = words;
  if (verb === "create") return words.includes("temp") || words.includes("temporary");
  return verb === "pragma" || verb === "attach" || verb === "detach";
}

/** The words of each statement, in lower case and without quotes. */
function statements(sql: string): string[][] {
  const list: string[][] = [];
  let words: string[] = [];
  let closed = false; // true just after a `;` inside a trigger, whose END alone ends the statement
  for (const { 0: text, groups = {} } of sql.matchAll(TOKEN)) {
    if (groups["blank"] !== undefined) continue;
    if (text === ";" && !(isTrigger(words) && words.at(-1) !== TRIGGER_END)) {
      list.push(words);
      words = [];
    } else if (text === ";") {
      closed = true;
      continue;
    } else if (groups["quoted"] !== undefined) {
      words.push(text.slice(1, -1).toLowerCase());
    } else if (groups["word"] !== undefined) {
      const word = text.toLowerCase();
      words.push(closed && word === "end" ? TRIGGER_END : word);
    }
    closed = false;
  }
  list.push(words);
  return list;
}

/** In place of an `end` just after a `;`: it ends the trigger, and not a CASE. */
const TRIGGER_END = "; end";

/** CREATE [TEMP | TEMPORARY] TRIGGER … */
function isTrigger([verb, second = "", third]: readonly string[]): boolean {
  if (verb !== "create") return false;
  return second === "trigger" || (/^temp(?:orary)?$/.test(second) && third === "trigger");
}
