/** Finds the queues with ready tasks, and those among them that a worker wants. */
import type { Database } from "bun:sqlite";

const nonEmpty = (suspect: 0 | 1): string => `
  WITH RECURSIVE name (queue) AS (
    SELECT (SELECT queue FROM tq__task WHERE state = 'ready' AND suspect = ${suspect} ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT queue FROM tq__task
             WHERE state = 'ready' AND suspect = ${suspect} AND queue > name.queue ORDER BY queue LIMIT 1)
      FROM name WHERE name.queue IS NOT NULL)
  SELECT queue FROM name WHERE queue IS NOT NULL`;

const NON_EMPTY = nonEmpty(0);
const WITH_SUSPECTS = nonEmpty(1);

/** Every claim asks for suspects, and there is nearly never one. */
const HAS_SUSPECT = `SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect = 1 LIMIT 1`;

/** The queues that have suspects: ready tasks whose worker died while it held them. */
export function suspectQueues(db: Database): string[] {
  if (!db.query(HAS_SUSPECT).get()) return [];
  return (db.query(WITH_SUSPECTS).values() as [string][]).map(([queue]) => queue);
}

/**
 * The queues that these names and patterns match; every queue where none are given. Plain names need no look at the
 * table.
 *
 * @param among the queues to match; default: those with a ready task.
 */
export function matchQueues(
  db: Database,
  patterns: readonly string[],
  among?: readonly string[],
): readonly string[] {
  if (!among && patterns.length > 0 && !patterns.some(isPattern)) {
    return patterns.length === 1 ? patterns : [...new Set(patterns)];
  }
  const names = among ?? (db.query(NON_EMPTY).values() as [string][]).map(([queue]) => queue);
  if (patterns.length === 0) return names;
  return names.filter((name) => patterns.some((pattern) => matches(pattern, name)));
}

function isPattern(text: string): boolean {
  return text.includes("*") || text.includes("?");
}

const compiled = new Map<string, RegExp>();

/** `*` matches any run of characters, `?` matches one, every other character itself. */
function matches(pattern: string, name: string): boolean {
  if (!isPattern(pattern)) return pattern === name;
  let regexp = compiled.get(pattern);
  if (!regexp) compiled.set(pattern, (regexp = toRegExp(pattern)));
  return regexp.test(name);
}

/**
 * Each part between two stars is taken where it comes first, and the lookahead keeps the expression from trying the
 * later places: otherwise a pattern of many stars would take for ever with a long name.
 */
function toRegExp(pattern: string): RegExp {
  const [first = "", ...others] = pattern
    .split(/\*+/)
    .map((part) => RegExp.escape(part).replaceAll("\\?", "."));
  const last = others.pop();
  const between = others.map((part, index) => `(?=(.*?${part}))\\${index + 1}`).join("");
  return new RegExp(`^${first}${between}${last === undefined ? "" : `.*${last}`}$`, "su");
}
