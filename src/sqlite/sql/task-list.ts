/** Lists, finds and counts the tasks of a filter: the newest first, by id, in parts of some ms. */
import type { Database } from "bun:sqlite";
import type { Part, ReadFilter, Rest } from "../../store/looking.ts";
import { ENDED_STATES, type Task, TASK_STATES, type TaskState } from "../../task.ts";
import { isPattern } from "../../patterns.ts";
import { type TaskRow, toTask } from "../../store/task-rows.ts";
import { REF_STARTS, taskConditions } from "./task-conditions.ts";

/** Ids that one statement looks at: some ms. */
const SLICE_IDS = 5_000;

/** Tasks that one statement looks at where an index has named them: each is read from a place of its own. */
const SLICE_NAMED = 1_000;

/** An index names the candidates of a filter where it has no more than these: some 10 ms. */
const MOST_NAMED = 100_000;

/** Some ids to look at: all of `from` and above that are below `before`, or those of a list. */
interface Slice {
  readonly before: number;
  readonly from: number;
  /** JSON of the ids; null: all between. */
  readonly ids: string | null;
}

/** Goes through the ids that a filter may hold for, the newest first. */
function* slicesOf(db: Database, filter: ReadFilter): Generator<Slice, void> {
  const lowest = Math.max((filter.after ?? 0) + 1, 1);
  const highest = Math.min(filter.before ?? Infinity, Number.MAX_SAFE_INTEGER) - 1;
  const named = namedIds(db, filter);
  if (named === null) yield* allSlices(db, lowest, highest);
  else yield* namedSlices(named.filter((id) => id >= lowest && id <= highest));
}

function* namedSlices(ids: readonly number[]): Generator<Slice, void> {
  for (let start = 0; start < ids.length; start += SLICE_NAMED) {
    const some = ids.slice(start, start + SLICE_NAMED);
    const [first = 0, last = 0] = [some[0], some.at(-1)];
    yield { before: first + 1, from: last, ids: JSON.stringify(some) };
  }
}

const LAST_UP_TO = "SELECT max(id) AS id FROM tq__task WHERE id <= $highest";

/** Leaps over ids that have been deleted. */
function* allSlices(db: Database, lowest: number, highest: number): Generator<Slice, void> {
  for (let next = highest; ;) {
    const { id } = db.query(LAST_UP_TO).get({ highest: next }) as { id: number | null };
    if (id === null || id < lowest) return;
    const from = Math.max(id - SLICE_IDS + 1, lowest);
    yield { before: id + 1, from, ids: null };
    next = from - 1;
  }
}

/** The ids that an index names, the newest first; null where each names too many, or all. */
function namedIds(db: Database, filter: ReadFilter): number[] | null {
  for (const arms of namingArms(filter)) {
    if (arms.length === 0) return [];
    const ids = `(SELECT id FROM (${arms.join(" UNION ALL ")}) LIMIT ${MOST_NAMED + 1})`;
    const values = armValues(ids, filter);
    const { count } = db.query(`SELECT count(*) AS count FROM ${ids}`).get(values) as Count;
    if (count > MOST_NAMED) continue;
    // One text, as so many rows would take five times as long.
    const { list } = db
      .query(`SELECT json_group_array(id) AS list FROM ${ids}`)
      .get(values) as Named;
    return [...Float64Array.from(JSON.parse(list) as number[]).sort()].reverse();
  }
  return null;
}

/** The parts of statements that each name all ids of a filter: the one that names the fewest comes first. */
function* namingArms(filter: ReadFilter): Generator<readonly string[], void> {
  const { ref, refStarts, states = statesOf(filter) } = filter;
  if (ref !== undefined) yield [REF_ARM];
  if (refStarts !== undefined) yield [REF_STARTS_ARM];
  if (states.length !== TASK_STATES.length) yield armsOf(filter, states);
}

interface Count {
  readonly count: number;
}

interface Named {
  /** JSON of ids. */
  readonly list: string;
}

const REF_ARM = "SELECT id FROM tq__task WHERE ref = $ref";
const REF_STARTS_ARM = `SELECT id FROM tq__task WHERE ${REF_STARTS}`;

/** Those that a filter can find which names none. */
function statesOf({ error, endedBefore, endedAfter }: ReadFilter): readonly TaskState[] {
  if (error !== undefined) return ["failed"];
  return (endedBefore ?? endedAfter) === undefined ? TASK_STATES : ENDED_STATES;
}

/** A part of the statement for each state. */
function armsOf(filter: ReadFilter, states: readonly TaskState[]): string[] {
  return [...new Set(states)].flatMap((state) => ARMS[state](filter));
}

/** The parameters of these parts. */
function armValues(sql: string, filter: ReadFilter): Record<string, string | number> {
  const { ref, refStarts, queue, endedBefore, endedAfter } = filter;
  const used = Object.entries({ ref, refStarts, queue, endedBefore, endedAfter }).filter(
    ([name, value]) => value !== undefined && sql.includes(`$${name}`),
  );
  return Object.fromEntries(used) as Record<string, string | number>;
}

/** In the words of the partial indexes: where a condition is spelt differently, SQLite reads the whole table. */
const ARMS: Readonly<Record<TaskState, (filter: ReadFilter) => string[]>> = {
  ready: (filter) => ["suspect = 0", "suspect > 0"].map((place) => readyArm(filter, place)),
  scheduled: () => ["SELECT id FROM tq__task WHERE state = 'scheduled'"],
  running: () => ["SELECT id FROM tq__task WHERE state = 'running'"],
  finished: (filter) => [endedArm(filter, "finished")],
  failed: (filter) => [endedArm(filter, "failed")],
  cancelled: (filter) => [endedArm(filter, "cancelled")],
};

/** @param place in line, or beside it: a suspect, or a task of a paused method. */
function readyArm({ queue }: ReadFilter, place: string): string {
  const inQueue = queue === undefined || isPattern(queue) ? "" : " AND queue = $queue";
  return `SELECT id FROM tq__task WHERE state = 'ready' AND ${place}${inQueue}`;
}

function endedArm({ endedBefore, endedAfter }: ReadFilter, state: TaskState): string {
  const before = endedBefore === undefined ? "" : " AND finished_at < $endedBefore";
  const after = endedAfter === undefined ? "" : " AND finished_at >= $endedAfter";
  return `SELECT id FROM tq__task WHERE state = '${state}' AND finished_at IS NOT NULL${before}${after}`;
}

/** The condition for the ids of a slice. */
const inSlice = ({ ids }: Slice): string =>
  ids === null ? "id < $before AND id >= $from" : "id IN (SELECT value FROM json_each($ids))";

function sliceValues({ before, from, ids }: Slice): Record<string, string | number> {
  return ids === null ? { before, from } : { ids };
}

/** A part ends with the task whose calls and results exceed this, together with those before it. */
const PART_CHARACTERS = 1_000_000;

/** Lists tasks in parts, up to the limit. Each step is a look of its own: the connection is free in between. */
export function* listParts(
  db: Database,
  filter: ReadFilter,
  now: () => number,
): Generator<Part<Task>, void> {
  const { sql, values } = taskConditions(filter);
  let left = filter.limit ?? 100;
  for (const slice of slicesOf(db, filter)) {
    const list = `SELECT * FROM tq_tasks WHERE ${inSlice(slice)} AND id < $below AND ${sql} ORDER BY id DESC LIMIT $left`;
    let below = slice.before;
    for (let isWhole = false; !isWhole;) {
      const rows = db.query(list).iterate({ ...values, ...sliceValues(slice), below, left });
      const found: Task[] = [];
      let size = 0;
      isWhole = true;
      for (const row of rows as Iterable<TaskRow>) {
        found.push(toTask(row, now()));
        size += row.instances.length + row.args.length + row.context.length;
        size += row.result?.length ?? 0;
        if (size <= PART_CHARACTERS) continue;
        isWhole = false;
        break;
      }
      left -= found.length;
      below = isWhole ? slice.from : (found.at(-1)?.id ?? slice.from);
      yield { found, downTo: below };
      if (left <= 0) return;
    }
  }
  yield { found: [], downTo: null };
}

/** Finds the ids of all tasks of a filter, in parts. */
export function* matchingParts(db: Database, filter: ReadFilter): Generator<Part<number>, void> {
  const { sql, values } = taskConditions(filter);
  for (const slice of slicesOf(db, filter)) {
    const ids = `SELECT id FROM tq__task WHERE ${inSlice(slice)} AND ${sql} ORDER BY id DESC`;
    const rows = db.query(ids).values({ ...values, ...sliceValues(slice) }) as [number][];
    yield { found: rows.map(([id]) => id), downTo: slice.from };
  }
  yield { found: [], downTo: null };
}

/** A count looks at so many tasks at most, and for so long. */
const MOST_COUNTED = 100_000;
const COUNTED_MS = 10;

/** Counts the older tasks that a list has left out. @param elapsed the ms of a clock that only grows. */
export function countBefore(
  db: Database,
  filter: ReadFilter,
  before: number,
  elapsed: () => number,
): Rest {
  if (isIndexed(filter)) return countIndexed(db, filter, before);
  const { sql, values } = taskConditions(filter);
  const end = elapsed() + COUNTED_MS;
  let count = 0;
  for (const slice of slicesOf(db, { ...filter, before })) {
    if (elapsed() > end) return { count, isAll: false };
    const one = `SELECT count(*) AS count FROM tq__task WHERE ${inSlice(slice)} AND ${sql}`;
    const row = db.query(one).get({ ...values, ...sliceValues(slice) }) as Count;
    count += row.count;
  }
  return { count, isAll: true };
}

const INDEXED: readonly string[] = [
  "states",
  "endedBefore",
  "endedAfter",
  "before",
  "after",
  "limit",
];

/** True where the indexes of states say all that the filter asks for. */
function isIndexed({ queue, ...filter }: ReadFilter): boolean {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  const { states = [] } = filter;
  const isQueueIndexed = queue === undefined || (states.join() === "ready" && !isPattern(queue));
  return isQueueIndexed && given.every(([key]) => INDEXED.includes(key));
}

/** Counts in the indexes, without the tasks themselves: ten times as fast. */
function countIndexed(db: Database, filter: ReadFilter, before: number): Rest {
  const arms = armsOf(filter, filter.states ?? statesOf(filter));
  const sql = `
    SELECT count(*) AS looked, count(*) FILTER (WHERE id < $below AND id > $above) AS count
      FROM (SELECT id FROM (${arms.join(" UNION ALL ")}) LIMIT ${MOST_COUNTED})`;
  const bounds = { below: Math.min(before, filter.before ?? Infinity), above: filter.after ?? 0 };
  const row = db.query(sql).get({ ...armValues(sql, filter), ...bounds });
  const { looked, count } = row as { looked: number; count: number };
  return { count, isAll: looked < MOST_COUNTED };
}

const FIRST_FROM = "SELECT id, enqueued_at FROM tq__task WHERE id >= $from ORDER BY id LIMIT 1";

/** Halves the ids between the first and the last task until it comes to the time: some 30 looks. */
export function lastPushedBefore(db: Database, time: number): number {
  const { id: last } = db.query("SELECT max(id) AS id FROM tq__task").get() as {
    id: number | null;
  };
  let [low, high] = [0, last ?? 0];
  while (low < high) {
    const middle = Math.floor((low + high) / 2) + 1;
    const row = db.query(FIRST_FROM).get({ from: middle }) as Pick<
      Task,
      "id" | "enqueued_at"
    > | null;
    if (row !== null && row.enqueued_at < time) low = row.id;
    else high = middle - 1;
  }
  return low;
}
