/** What user code's SQL would do to the transaction and connection around it. Just enough of SQL's grammar for that. */

const MAY_END = /\b(?:commit|end|rollback|release|savepoint)\b/i;

/** Comments and blanks, quoted names and texts, words, and single signs. */
const TOKEN =
  /(?<blank>\s+|--[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<word>\w+)|[^]/gy;

/** Our savepoint: who releases it, goes back to it or hides it takes away what the queue will settle. */
const OURS = "tq_task";

/** True when this text of one or more statements has one that ends the transaction, or tq's savepoint. */
export function endsTransaction(sql: string): boolean {
  return MAY_END.test(sql) && statements(sql).some(ends);
}

function ends(words: readonly string[]): boolean {
  const [verb] = words;
  if (verb === "commit" || verb === "end") return true;
  if (verb === "rollback") return !words.includes("to") || words.at(-1) === OURS;
  return (verb === "release" || verb === "savepoint") && words.at(-1) === OURS;
}

/** True when this text goes back to a savepoint. */
export function goesBack(sql: string): boolean {
  const isBack = ([verb, ...words]: readonly string[]) =>
    verb === "rollback" && words.includes("to");
  return MAY_END.test(sql) && statements(sql).some(isBack);
}

const MAY_LEAVE = /\b(?:pragma|temp|temporary|attach|detach)\b/i;

/** True when this text has a statement that changes the connection itself, beyond its transaction. */
export function leavesTraces(sql: string): boolean {
  return MAY_LEAVE.test(sql) && statements(sql).some(leaves);
}

function leaves(words: readonly string[]): boolean {
  const [verb] = words;
  if (verb === "create") return words.includes("temp") || words.includes("temporary");
  return verb === "pragma" || verb === "attach" || verb === "detach";
}

/** The words of each statement, in lower case and without quotes. */
function statements(sql: string): string[][] {
  const list: string[][] = [];
  let words: string[] = [];
  let closed = false; // a `;` inside a trigger came just before: only its END ends the statement
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

const TRIGGER_END = "; end";

/** CREATE [TEMP | TEMPORARY] TRIGGER … */
function isTrigger([verb, second, third]: readonly string[]): boolean {
  return verb === "create" && (second === "trigger" || third === "trigger");
}
