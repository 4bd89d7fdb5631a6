/**
 * Counts the tasks of which there are too many to count whenever someone asks, in steps of some ms. Each step is a
 * statement of its own, as a snapshot would keep what has ended from being cleaned up: tasks that move meanwhile are
 * counted once, twice or not at all.
 */
import {
  MOST_OF_PART,
  MOST_OF_QUEUE,
  type Part,
  PARTS,
  type Recount,
} from "../../store/queue-counts.ts";
import type { Access } from "../access.ts";
import type { SqlValue } from "../connection.ts";
import { hasMore, isAnyKept, keep, WHERE } from "./kept-counts.ts";

/** Tasks that a step passes. */
const PASSED_AT_ONCE = 10_000;

/** The columns of the index of each part: the steps go by its order. */
const KEYS: Readonly<Record<Part, readonly (readonly [sql: string, type: "text" | "bigint"])[]>> = {
  line: [
    ["queue", "text"],
    ["(-priority)", "bigint"],
    ["deadline", "bigint"],
    ["id", "bigint"],
  ],
  beside: [
    ["suspect", "bigint"],
    ["queue", "text"],
    ["(-priority)", "bigint"],
    ["deadline", "bigint"],
    ["id", "bigint"],
  ],
  scheduled: [
    ["scheduled_at", "bigint"],
    ["id", "bigint"],
  ],
  failed: [
    ["finished_at", "bigint"],
    ["id", "bigint"],
  ],
};

interface Statements {
  readonly first: string;
  readonly next: string;
}

/** Each gives the queues of the tasks that it passes with their counts, and in each row the key of the last task: `k0`, `k1`, … */
function statementsOf(part: Part): Statements {
  const keys = KEYS[part];
  const names = keys.map((_, at) => `k${at}`);
  const columns = keys.map(([sql]) => sql).join(", ");
  const statement = (behind: string): string => `
    WITH passed AS MATERIALIZED (
      SELECT queue AS name, ${keys.map(([sql], at) => `${sql} AS k${at}`).join(", ")}
        FROM tq.task
       WHERE ${WHERE[part]}${behind}
       ORDER BY ${columns}
       LIMIT ${PASSED_AT_ONCE})
    SELECT counted.name, counted.tasks, ${keys.map(([, type], at) => (type === "text" ? `last.k${at}` : `last.k${at}::float8 AS k${at}`)).join(", ")}
      FROM (SELECT name, count(*)::float8 AS tasks FROM passed GROUP BY name) AS counted
     CROSS JOIN (SELECT ${names.join(", ")} FROM passed
                  ORDER BY ${names.map((name) => `${name} DESC`).join(", ")} LIMIT 1) AS last`;
  const behind = keys.map(([, type], at) => `$${at + 1}::${type}`).join(", ");
  return { first: statement(""), next: statement(` AND (${columns}) > (${behind})`) };
}

const STATEMENTS = Object.fromEntries(PARTS.map((part) => [part, statementsOf(part)])) as Readonly<
  Record<Part, Statements>
>;

type PassedRow = Record<string, SqlValue> & { readonly name: string; readonly tasks: number };

/** Counts the tasks of which there are too many to count whenever someone asks; yields true where a count has changed. */
export async function* recount(access: Access): AsyncGenerator<boolean, void> {
  for await (const counted of recountAll(access)) {
    yield counted !== null && (await access.write((db) => keep(db, counted)));
  }
}

/** Yields null between two steps, and each count once it is complete. */
async function* recountAll(access: Access): AsyncGenerator<Recount | null, void> {
  for (const part of PARTS) {
    const at = access.now();
    const most = part === "line" ? MOST_OF_QUEUE : MOST_OF_PART;
    const isMany = await access.read((db) => hasMore(db, part, most));
    const counts = new Map<string, number>();
    if (isMany) yield* countPart(access, part, counts);
    else if (!(await access.read((db) => isAnyKept(db, part)))) continue;
    yield { part, counts, at };
  }
}

async function* countPart(
  access: Access,
  part: Part,
  counts: Map<string, number>,
): AsyncGenerator<null, void> {
  const { first, next } = STATEMENTS[part];
  let last: SqlValue[] | null = null;
  for (;;) {
    const behind: SqlValue[] | null = last;
    const rows: PassedRow[] = await access.read((db) =>
      behind === null ? db.all<PassedRow>(first) : db.all<PassedRow>(next, behind),
    );
    let passed = 0;
    for (const { name, tasks } of rows) {
      counts.set(name, (counts.get(name) ?? 0) + tasks);
      passed += tasks;
    }
    const [row] = rows;
    if (row === undefined || passed < PASSED_AT_ONCE) return;
    last = KEYS[part].map((_, at) => row[`k${at}`] ?? null);
    yield null;
  }
}
