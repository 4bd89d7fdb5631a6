/** Checks the recurring tasks of a torture: each slot has its task, once, and no task overlaps where it must not. */
import type { Store } from "../../src/store/store.ts";
import type { Ask } from "./lives.ts";

/** Their tasks are transfers, so that the other checks hold for them too. */
export const RECURRING = `
[cron.each]
schedule = "every 1s"
task = "torture.account.transfer"
instances = 1
args = [2, 3]
missed = "all"
catch_up = 1000

[cron.one-at-a-time]
schedule = "every 1s"
task = "torture.account.transfer"
instances = 2
args = [3, 5]
overlap = "skip"

[cron.one-after-another]
schedule = "every 1s"
task = "torture.account.transfer"
instances = 3
args = [1, 7]
overlap = "wait"
`;

const TASKS = `
  pushed AS MATERIALIZED (SELECT id, enqueued_at, finished_at, context ->> '$.cron.name' AS cron,
                                 context ->> '$.cron.slot' AS slot
                            FROM tq_tasks WHERE context ->> '$.cron.name' IS NOT NULL)`;

export const COUNT_RECURRING = `WITH ${TASKS} SELECT count(*) FROM pushed`;

const TWICE = `
  WITH ${TASKS}
  SELECT 'Slot ' || slot || ' of ' || cron || ' has ' || count(*) || ' tasks'
    FROM pushed GROUP BY cron, slot HAVING count(*) > 1`;

const UNMATCHED = `
  WITH ${TASKS}
  SELECT 'Slot ' || slot || ' of ' || cron || ' has ' || coalesce('task ' || task, 'no task') || ' and is ' || outcome
         || ', and its task is ' || coalesce(id, 'not there')
    FROM tq_cron_slots LEFT JOIN pushed USING (cron, slot)
   WHERE id IS NOT task OR (task IS NULL) <> (outcome <> 'pushed')
   UNION ALL
  SELECT 'Task ' || id || ' is of slot ' || slot || ' of ' || cron || ', which has no row'
    FROM pushed LEFT JOIN tq_cron_slots USING (cron, slot)
   WHERE outcome IS NULL AND slot > (SELECT min(slot) FROM tq_cron_slots AS kept WHERE kept.cron = pushed.cron)`;

/** Slots between the first and the last row have rows; of those that are all caught up, each has its task. */
const LEFT_OUT = `
  SELECT 'After slot ' || slot || ' of ' || cron || ' comes ' || next
    FROM (SELECT cron, slot, lead(coalesce(first_slot, slot)) OVER (PARTITION BY cron ORDER BY slot) AS next
            FROM tq_cron_slots)
   WHERE next <> slot + 1000 AND cron NOT LIKE 'tq.%'
   UNION ALL
  SELECT 'Slot ' || slot || ' of ' || cron || ' is ' || outcome || coalesce(': ' || reason, '')
    FROM tq_cron_slots WHERE cron = 'each' AND outcome NOT IN ('pushed', 'paused')`;

/** A task that was retried by hand has ended later than it did at first. */
const OVERLAPPING = `
  WITH ${TASKS},
       followed AS (SELECT id, cron, finished_at, lead(id) OVER following AS next,
                           lead(enqueued_at) OVER following AS later
                      FROM pushed WINDOW following AS (PARTITION BY cron ORDER BY id))
  SELECT 'Task ' || next || ' of ' || cron || ' was pushed at ' || later || ', before task ' || id || ' ended at '
         || coalesce(finished_at, 'no time')
    FROM followed
   WHERE cron LIKE 'one-%' AND later < coalesce(finished_at, later + 1)
     AND id NOT IN (SELECT value FROM json_each($retried))`;

/** @returns lists of sentences, one for each rule. */
export function checkRecurring(ask: Ask, retried: ReadonlySet<number>): string[][] {
  return [
    ask(TWICE),
    ask(UNMATCHED),
    ask(LEFT_OUT),
    ask(OVERLAPPING, { retried: JSON.stringify([...retried]) }),
  ];
}

/** Pauses all of them: the queue can be empty for good then. */
export async function pauseRecurring(store: Store): Promise<void> {
  const pause = { by: "tq torture", at: 0, reason: "it is over", until: null };
  for (const { name } of await store.cron.rows()) {
    await store.cron.override(name, () => ({ pause }));
  }
}
