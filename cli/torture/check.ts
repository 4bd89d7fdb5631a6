/** What must hold when all is done: each transfer that was acknowledged happened once, none by halves. */
import { Transaction } from "../../src/model/transaction.ts";

export interface Findings {
  readonly tasks: number;
  /** Acknowledged, and not applied. */
  readonly lost: number;
  /** Applied more than once. */
  readonly doubled: number;
  /** Applied and not finished, or finished and not applied; pushed in part; balances that do not add up. */
  readonly half: number;
  /** Not ended, though nothing is left to do. */
  readonly stuck: number;
  /** True when SQLite finds the file sound. */
  readonly sound: boolean;
  /** The first of what is wrong, in words. */
  readonly problems: readonly string[];
}

const LOST = `
  SELECT 'Transfer ' || value || ' was acknowledged and not applied: '
         || coalesce('task ' || tq_tasks.id || ' is ' || state || coalesce(', ' || reason, ''), 'it has no task')
    FROM json_each($acknowledged)
         LEFT JOIN tq_tasks ON ref = value
         LEFT JOIN torture_ledger ON torture_ledger.task = tq_tasks.id
   WHERE torture_ledger.id IS NULL`;

const DOUBLED = `
  SELECT 'Task ' || task || ' was applied ' || count(*) || ' times'
    FROM torture_ledger
   GROUP BY task
  HAVING count(*) > 1`;

const HALF_APPLIED = `
  SELECT 'Task ' || coalesce(id, task) || ' is ' || coalesce(state, 'not there') || ' and was '
         || iif(task IS NULL, 'not applied', 'applied')
    FROM tq_tasks
         FULL JOIN (SELECT DISTINCT task FROM torture_ledger) ON task = id
   WHERE (state IS 'finished') <> (task IS NOT NULL)`;

const HALF_PUSHED = `
  SELECT 'Order ' || name || ' has ' || coalesce(pushed, 0) || ' of ' || coalesce(transfers, 0) || ' transfers'
    FROM torture_order
         FULL JOIN (SELECT substr(ref, 1, instr(ref, '/') - 1) AS name, count(*) AS pushed
                      FROM tq_tasks
                     WHERE ref LIKE '%/%'
                     GROUP BY 1) USING (name)
   WHERE pushed IS NOT transfers`;

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

/** Of each kind, so many are told. */
const TOLD = 5;

/** @param acknowledged the refs of all transfers whose push returned. */
export function check(acknowledged: readonly string[]): Promise<Findings> {
  return Transaction.start({}, () => {
    const { database } = Transaction.current;
    const sentences = (sql: string, parameters = {}) =>
      (database.query(sql).values(parameters) as [string][]).map(([sentence]) => sentence);
    const [[tasks]] = database.query("SELECT count(*) FROM tq_tasks").values() as [[number]];
    const lost = sentences(LOST, { acknowledged: JSON.stringify(acknowledged) });
    const doubled = sentences(DOUBLED);
    const half = [HALF_APPLIED, HALF_PUSHED, UNBALANCED].map((sql) => sentences(sql));
    const stuck = sentences(STUCK);
    const damage = sentences("PRAGMA integrity_check").filter((line) => line !== "ok");
    return {
      tasks,
      lost: lost.length,
      doubled: doubled.length,
      half: half.flat().length,
      stuck: stuck.length,
      sound: damage.length === 0,
      problems: [lost, doubled, ...half, stuck, damage].flatMap((list) => list.slice(0, TOLD)),
    };
  });
}
