/** Checks the end of a torture: each acknowledged transfer happened once, and none by halves. */
import type { Store } from "../../src/store/store.ts";
import { Transaction } from "../../src/transaction/transaction.ts";
import { checkCleaned, checkLives } from "./lives.ts";
import { checkRecurring, COUNT_RECURRING } from "./recurring.ts";

export interface Findings {
  readonly tasks: number;
  /** Those of recurring tasks. */
  readonly recurring: number;
  /** Transfers that were acknowledged and are not there, or not applied though they should be. */
  readonly lost: number;
  /** Tasks that were applied more than once. */
  readonly doubled: number;
  /** Applied and not finished, or finished and not applied; pushed in part; balances that do not add up. */
  readonly half: number;
  /** Tasks that have not ended, though none can run. */
  readonly stuck: number;
  /** Tasks and runs that broke a rule of their policy or of the history. */
  readonly broken: number;
  /** True when SQLite finds the file sound. */
  readonly sound: boolean;
  /** The first of what is wrong, in words. */
  readonly problems: readonly string[];
}

/** The plan of an errand, its third argument, says how it ends; all other transfers finish. */
const LOST = `
  SELECT 'Transfer ' || value || ' was acknowledged and not applied: '
         || coalesce('task ' || task || ' is ' || state || coalesce(', ' || reason, ''), 'it has no task')
    FROM json_each($acknowledged) AS acknowledged
         LEFT JOIN (SELECT id AS task, ref, state, reason, args FROM tq_tasks) AS pushed ON ref = value
   WHERE task IS NULL
      OR (task NOT IN (SELECT task FROM torture_ledger)
          AND iif(json_type(args, '$[2]') = 'object', args ->> '$[2].end', 'finished') = 'finished')`;

const DOUBLED = `
  SELECT 'Task ' || task || ' was applied ' || count(*) || ' times'
    FROM torture_ledger
   GROUP BY task
  HAVING count(*) > 1`;

const HALF_APPLIED = `
  SELECT 'Task ' || id || ' is ' || state || ' and was ' || iif(state = 'finished', 'not applied', 'applied')
    FROM tq_tasks
   WHERE (state = 'finished') <> (id IN (SELECT task FROM torture_ledger))
   UNION ALL
  SELECT 'Task ' || task || ' is not there and was applied'
    FROM torture_ledger
   WHERE task NOT IN (SELECT id FROM tq_tasks)`;

/**
 * A transfer of an order has the ref ORDER/INDEX. The cast lets SQLite find orders by their names: without it each is
 * compared with all.
 */
const HALF_PUSHED = `
  WITH pushed AS MATERIALIZED (SELECT CAST(substr(ref, 1, instr(ref, '/') - 1) AS TEXT) AS name,
                                      count(*) AS transfers
                                 FROM tq_tasks
                                WHERE ref LIKE '%/%'
                                GROUP BY 1)
  SELECT 'Order ' || name || ' has ' || coalesce(pushed.transfers, 0) || ' of '
         || torture_order.transfers || ' transfers'
    FROM torture_order
         LEFT JOIN pushed USING (name)
   WHERE pushed.transfers IS NOT torture_order.transfers
   UNION ALL
  SELECT 'Order ' || name || ' has ' || transfers || ' transfers and is not there'
    FROM pushed
   WHERE name NOT IN (SELECT name FROM torture_order)`;

const UNBALANCED = `
  WITH entry (account, amount) AS (SELECT source, -amount FROM torture_ledger
                                   UNION ALL
                                   SELECT target, amount FROM torture_ledger),
       account (id, balance, entries) AS
         (SELECT id, balance, (SELECT total(amount) FROM entry WHERE account = torture_account.id)
            FROM torture_account)
  SELECT 'Account ' || id || ' has ' || balance || ', its entries are ' || entries
    FROM account
   WHERE balance <> entries
  UNION ALL
  SELECT 'All accounts together have ' || sum(balance) FROM account HAVING sum(balance) <> 0`;

const STUCK = `
  SELECT 'Task ' || id || ' is ' || state || ' for ever'
    FROM tq_tasks
   WHERE state NOT IN ('finished', 'failed', 'cancelled')`;

/** The most problems of each kind that are listed. */
const MAX_LISTED = 5;

export interface Tortured {
  readonly folder: string;
  /** The refs of all transfers whose push returned. */
  readonly acknowledged: readonly string[];
  /** The tasks that were retried by hand. */
  readonly retried: ReadonlySet<number>;
  /** How many ms two processes may be apart about the time. */
  readonly slack: number;
}

/** Call it after the runtime of the torture's folder was entered, and when no process of it runs any more. */
export function check({ folder, acknowledged, retried, slack }: Tortured): Promise<Findings> {
  return Transaction.start({}, () => {
    const { database } = Transaction.current;
    const [[tasks]] = database.query("SELECT count(*) FROM tq_tasks").values() as [[number]];
    const [[recurring]] = database.query(COUNT_RECURRING).values() as [[number]];
    const lost = sentences(LOST, { acknowledged: JSON.stringify(acknowledged) });
    const doubled = sentences(DOUBLED);
    const half = [HALF_APPLIED, HALF_PUSHED, UNBALANCED].map((sql) => sentences(sql));
    const stuck = sentences(STUCK);
    const broken = [
      ...checkLives(sentences, folder, retried, slack),
      ...checkRecurring(sentences, retried),
    ];
    const damage = sentences("PRAGMA integrity_check").filter((line) => line !== "ok");
    return {
      tasks,
      recurring,
      lost: lost.length,
      doubled: doubled.length,
      half: half.flat().length,
      stuck: stuck.length,
      broken: broken.flat().length,
      sound: damage.length === 0,
      problems: [lost, doubled, ...half, stuck, ...broken, damage].flatMap((list) =>
        list.slice(0, MAX_LISTED),
      ),
    };
  });
}

/**
 * Cleans all tasks away.
 *
 * @param isFile false: the tables are a server's, which a look by the store finds empty
 * @returns what is left of them
 */
export async function checkClean(store: Store, isFile: boolean): Promise<string[]> {
  const all = { finishedBefore: Infinity, failedBefore: Infinity, limit: 1_000 };
  while ((await store.clean(all)) > 0);
  if (isFile) return Transaction.start({}, () => checkCleaned(sentences));
  return Transaction.start({}, async () => {
    const rows = await Transaction.current.sql.unsafe<{ sentence: string }>(LEFT_ON_SERVER);
    return rows.map(({ sentence }) => sentence);
  });
}

const LEFT_ON_SERVER = ["task", "attempt", "output", "error"]
  .map(
    (table) =>
      `SELECT count(*) || ' rows are left in tq.${table} after all tasks were cleaned' AS sentence FROM tq.${table} HAVING count(*) > 0`,
  )
  .join(" UNION ALL ");

/** The sentences that a query of the present transaction gives. */
function sentences(sql: string, parameters: Record<string, string> = {}): string[] {
  const rows = Transaction.current.database.query(sql).values(parameters) as [string][];
  return rows.map(([sentence]) => sentence);
}
