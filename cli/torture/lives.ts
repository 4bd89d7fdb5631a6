/** Checks the lives of tasks after a torture: their runs, their ends and what they said are as their policies say. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Answers with the sentences that a query gives. */
export type Ask = (sql: string, parameters?: Record<string, string>) => string[];

/** The plan of an errand is its third argument; other transfers have none. */
const ERRANDS = `
  errand AS MATERIALIZED (
    SELECT id, state, attempts, failures, snoozes, expires_at, reason,
           id IN (SELECT value FROM json_each($retried)) AS retried,
           args ->> '$[2].kind' AS kind, args ->> '$[2].times' AS times, args ->> '$[2].attempts' AS allowed,
           args ->> '$[2].wait' AS wait, args ->> '$[2].end' AS end
      FROM tq_tasks
     WHERE json_type(args, '$[2]') = 'object')`;

/** A run of a batch that died with its worker may leave no number; a task keeps its last 100 runs. */
const NUMBERS = `
  SELECT 'Task ' || id || ' has ' || attempts || ' attempts, and the runs ' || coalesce(numbers, 'none')
    FROM tq_tasks
         LEFT JOIN (SELECT task, count(*) AS runs, count(DISTINCT number) AS different, max(number) AS last,
                           group_concat(number) AS numbers
                      FROM tq_attempts GROUP BY task) ON task = id
   WHERE runs IS NOT different OR last IS NOT nullif(attempts, 0)
      OR coalesce(runs, 0) < min(attempts, 100) OR runs > 101`;

/** A retry by hand sets the counts of a task back, and leaves its runs. */
const COUNTS = `
  WITH run AS (SELECT task, count(*) FILTER (WHERE outcome = 'failed') AS failures,
                      count(*) FILTER (WHERE outcome = 'snoozed') AS snoozes,
                      count(*) FILTER (WHERE outcome = 'crashed') AS crashes
                 FROM tq_attempts GROUP BY task),
       counted AS (SELECT id, id IN (SELECT value FROM json_each($retried)) AS retried, crashes, failures, snoozes
                     FROM tq_tasks)
  SELECT 'Task ' || id || ' counts ' || counted.failures || ' failures, ' || counted.snoozes || ' snoozes and '
         || counted.crashes || ' crashes, and its runs ' || coalesce(run.failures, 0) || ', '
         || coalesce(run.snoozes, 0) || ' and ' || coalesce(run.crashes, 0)
    FROM counted LEFT JOIN run ON task = id
   WHERE iif(retried,
             counted.failures > coalesce(run.failures, 0) OR counted.snoozes > coalesce(run.snoozes, 0)
             OR counted.crashes > coalesce(run.crashes, 0),
             counted.failures <> coalesce(run.failures, 0) OR counted.snoozes <> coalesce(run.snoozes, 0)
             OR counted.crashes <> coalesce(run.crashes, 0))`;

/** A run says outside the database how it is about to end. One whose time is over may be told so at any moment. */
const DEEDS = `
  WITH ${ERRANDS}
  SELECT 'Run ' || number || ' of task ' || task || ' is kept as ' || outcome || ', and did not end so'
    FROM tq_attempts JOIN errand ON id = task
   WHERE outcome IN ('finished', 'failed', 'snoozed', 'cancelled')
     AND (task || ' ' || number || ' ' || outcome) NOT IN (SELECT value FROM json_each($deeds))
     AND NOT (retried AND outcome = 'cancelled' AND tq_attempts.reason = 'cancelled by hand')
     AND NOT (kind IN ('overrun', 'hang') AND outcome = 'failed' AND name = 'TimeoutError')`;

const ENDS = `
  WITH ${ERRANDS}
  SELECT 'Task ' || id || ' (' || kind || ', ' || times || ' times, ' || allowed || ' attempts) is ' || state
         || ' after ' || failures || ' failures and ' || snoozes || ' snoozes' || coalesce(': ' || reason, '')
    FROM errand
   WHERE state <> coalesce(end, CASE
           WHEN kind = 'expire' THEN iif(state = 'cancelled' AND reason LIKE 'it expired %', state, 'finished')
           ELSE iif(failures = allowed, 'failed', 'finished') END)
      OR failures > allowed
      OR snoozes <> iif(kind = 'snooze', times, 0)
      OR CASE
           WHEN kind IN ('throw', 'retry') THEN failures <> min(times, allowed)
           WHEN kind = 'person' THEN failures <> 1
           WHEN kind IN ('overrun', 'hang') THEN failures < times
           ELSE failures <> 0 END
   UNION ALL
  SELECT 'Task ' || id || ', a plain transfer, is ' || state || coalesce(': ' || reason, '')
    FROM tq_tasks
   WHERE state <> 'finished' AND json_type(args, '$[2]') IS NOT 'object'`;

/** `$slack`: each process may be so many ms wrong about the time of a server. */
const TIMES = `
  WITH ${ERRANDS},
       run AS (SELECT task, number, outcome, started_at, ended_at,
                      lead(started_at) OVER (PARTITION BY task ORDER BY number) AS next
                 FROM tq_attempts)
  SELECT 'Run ' || number || ' of task ' || task || ' (' || outcome || ') ended at ' || ended_at
         || ', and the next one began at ' || next || coalesce(', not ' || wait || ' ms later', '')
    FROM run LEFT JOIN errand ON id = task
   WHERE next < ended_at + iif(outcome IN ('failed', 'snoozed') AND NOT retried, wait, 0) - CAST($slack AS INTEGER)
      OR ended_at < started_at - CAST($slack AS INTEGER)`;

/** A first run that was claimed too late was looked at later still. */
const EXPIRED = `
  WITH ${ERRANDS}
  SELECT 'Task ' || id || ' expired at ' || expires_at || ', and its first run began at ' || started_at
         || ' and is ' || outcome
    FROM errand JOIN tq_attempts ON task = id AND number = 1
   WHERE started_at > expires_at AND outcome NOT IN ('cancelled', 'interrupted', 'crashed', 'postponed')
   UNION ALL
  SELECT 'Task ' || id || ' was cancelled as expired at ' || finished_at || ', after ' || attempts
         || ' runs, and expires at ' || expires_at
    FROM tq_tasks
   WHERE state = 'cancelled' AND reason LIKE 'it expired %' AND (finished_at <= expires_at OR attempts > 0)`;

/** A run keeps its last 256,000 bytes of 10,000 lines and how far it was, a task the words of its last 20 runs. */
const OUTPUTS = `
  WITH ${ERRANDS}
  SELECT 'The words of run ' || attempt || ' of task ' || task || ' are ' || length(text) || ' characters'
    FROM tq_output
   WHERE length(text) > 256000 + 10000 * 60 + 2000
   UNION ALL
  SELECT 'Run ' || attempt || ' of task ' || task || ' has words, and the task has '
         || coalesce(attempts || ' attempts', 'gone')
    FROM tq_output LEFT JOIN tq_tasks ON id = task
   WHERE attempt > coalesce(attempts, 0) OR attempt <= attempts - 20
   UNION ALL
  SELECT 'The last words of task ' || id || ' are lost'
    FROM errand LEFT JOIN tq_output ON task = id AND attempt = attempts
   WHERE kind = 'say' AND state = 'finished' AND text NOT LIKE '%the last line of run ' || attempts || '"%'
      OR (kind = 'say' AND state = 'finished' AND text IS NULL)`;

/** @returns lists of sentences, one for each rule. */
export function checkLives(
  ask: Ask,
  folder: string,
  retried: ReadonlySet<number>,
  slack: number,
): string[][] {
  const parameters = {
    slack: String(slack),
    retried: JSON.stringify([...retried]),
    deeds: JSON.stringify(linesOf(join(folder, "deeds.txt"))),
  };
  const rules = [NUMBERS, COUNTS, DEEDS, ENDS, TIMES, EXPIRED, OUTPUTS];
  const broken = rules.map((sql) => ask(sql, named(sql, parameters)));
  return [...broken, leftOutput(join(folder, "tq.db-output"))];
}

/** Those parameters that the statement has. */
function named(sql: string, parameters: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter(([name]) => sql.includes(`$${name}`)),
  );
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

/** No worker is left, nor what its threads have shown. */
function leftOutput(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => `${folder} still has ${name}`);
}

const LEFT = ["tq__task", "tq__attempt", "tq__output", "tq__error"]
  .map(
    (table) =>
      `SELECT count(*) || ' rows are left in ${table} after all tasks were cleaned' FROM ${table} HAVING count(*) > 0`,
  )
  .join(" UNION ALL ");

/** Call it after all tasks were cleaned. */
export function checkCleaned(ask: Ask): string[] {
  return ask(LEFT);
}
