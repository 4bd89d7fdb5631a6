/** Lists, finds and counts the tasks of a filter: the newest first, by id, in parts of some ms. */
import { monotonicNow } from "../../clock.ts";
import type { Part, ReadFilter, Rest } from "../../store/looking.ts";
import type { Task } from "../../task.ts";
import { isPattern } from "../../patterns.ts";
import { type TaskRow, toTask } from "../../store/task-rows.ts";
import type { Access } from "../access.ts";
import type { Connection } from "../connection.ts";
import { isStorable, Parameters } from "./parameters.ts";
import { taskConditions } from "./task-conditions.ts";
import { TASK_COLUMNS } from "./task-columns.ts";
import {
  allOf,
  armsOf,
  inSlice,
  lastUpTo,
  lookAt,
  type Reads,
  type Slice,
  SLICE_IDS,
  slicesOf,
  statesOf,
} from "./task-slices.ts";

/** A part ends with the task whose calls and results exceed this, together with those before it. */
const PART_BYTES = 1_000_000;

/** Reads nothing that is kept apart from its row. */
const SIZE =
  "octet_length(instances) + octet_length(args) + octet_length(context) + coalesce(octet_length(result), 0)";

type SizedRow = TaskRow & { readonly size: number };

/** The first tasks of a slice: `= ANY (ARRAY(…))`, as the server then takes the primary key whatever it knows of the table. */
async function listSlice(
  db: Connection,
  slice: Slice,
  { filter, below, limit }: { filter: ReadFilter; below: number; limit: number },
): Promise<SizedRow[]> {
  const parameters = new Parameters();
  const conditions = `${inSlice(slice, parameters)} AND id < ${parameters.add(below, "bigint")} AND ${taskConditions(filter, parameters)}`;
  const list = `
    SELECT ${TASK_COLUMNS}, (${SIZE})::float8 AS size
      FROM tq.task AS task
     WHERE task.id = ANY (ARRAY(
       SELECT id
         FROM (SELECT id, sum(size) OVER (ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                 FROM (SELECT id, ${SIZE} AS size
                         FROM tq.task WHERE ${conditions}
                        ORDER BY id DESC LIMIT ${parameters.add(limit, "bigint")}) AS first) AS sized
        WHERE coalesce(before, 0) <= ${PART_BYTES}))
     ORDER BY task.id DESC`;
  return db.all<SizedRow>(list, parameters.values);
}

/** Lists tasks in parts, up to the limit. Each step is a look of its own: the connection is free in between. */
export async function* listParts(
  access: Reads & Pick<Access, "now">,
  filter: ReadFilter,
): AsyncGenerator<Part<Task>, void> {
  let left = filter.limit ?? 100;
  for await (const slice of slicesOf(access, filter)) {
    let below = slice.before;
    for (let isWhole = false; !isWhole;) {
      const limit = Math.max(Math.min(left, SLICE_IDS), 0);
      const rows = await lookAt(access, slice, (db) =>
        listSlice(db, slice, { filter, below, limit }),
      );
      const now = access.now();
      let bytes = 0;
      const found = rows.map(({ size, ...row }) => {
        bytes += size;
        return toTask(row, now);
      });
      isWhole = bytes <= PART_BYTES;
      left -= found.length;
      below = isWhole ? slice.from : (found.at(-1)?.id ?? slice.from);
      yield { found, downTo: below };
      if (left <= 0) return;
    }
  }
  yield { found: [], downTo: null };
}

/** Finds the ids of all tasks of a filter, in parts. */
export async function* matchingParts(
  access: Reads,
  filter: ReadFilter,
): AsyncGenerator<Part<number>, void> {
  for await (const slice of slicesOf(access, filter)) {
    const parameters = new Parameters();
    const ids = `
      SELECT task.id::float8 AS id FROM tq.task AS task
       WHERE ${inSlice(slice, parameters)} AND ${taskConditions(filter, parameters)}
       ORDER BY task.id DESC`;
    const rows = await lookAt(access, slice, (db) =>
      db.all<{ id: number }>(ids, parameters.values),
    );
    yield { found: rows.map(({ id }) => id), downTo: slice.from };
  }
  yield { found: [], downTo: null };
}

/** A count looks at so many tasks at most, and for so long. */
const MOST_COUNTED = 100_000;
const COUNTED_MS = 10;

/** Counts the older tasks that a list has left out. */
export async function countBefore(
  db: Connection,
  filter: ReadFilter,
  before: number,
): Promise<Rest> {
  if (isIndexed(filter)) return countIndexed(db, filter, before);
  const within: Reads = { read: (fn) => fn(db), snapshot: (fn) => fn(db) };
  const end = monotonicNow() + COUNTED_MS;
  let count = 0;
  for await (const slice of slicesOf(within, { ...filter, before })) {
    if (monotonicNow() > end) return { count, isAll: false };
    const parameters = new Parameters();
    const one = `
      SELECT count(*)::float8 AS count FROM tq.task
       WHERE ${inSlice(slice, parameters)} AND ${taskConditions(filter, parameters)}`;
    count += (await db.get<{ count: number }>(one, parameters.values))?.count ?? 0;
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
  const isQueueIndexed =
    queue === undefined || (states.join() === "ready" && !isPattern(queue) && isStorable(queue));
  return isQueueIndexed && given.every(([key]) => INDEXED.includes(key));
}

/** Counts in the indexes, without the tasks themselves: ten times as fast. */
async function countIndexed(db: Connection, filter: ReadFilter, before: number): Promise<Rest> {
  const arms = armsOf(filter, filter.states ?? statesOf(filter));
  if (arms.length === 0) return { count: 0, isAll: true };
  const parameters = new Parameters();
  const ids = allOf(arms, MOST_COUNTED, parameters);
  const highest = Math.min(before, filter.before ?? Infinity, Number.MAX_SAFE_INTEGER);
  const bounds = `id < ${parameters.add(highest, "bigint")} AND id > ${parameters.add(filter.after ?? 0, "bigint")}`;
  const sql = `
    SELECT count(*)::float8 AS looked, (count(*) FILTER (WHERE ${bounds}))::float8 AS count
      FROM (SELECT id FROM (${ids}) AS named LIMIT ${MOST_COUNTED}) AS chosen`;
  const row = await db.get<{ looked: number; count: number }>(sql, parameters.values);
  const { looked, count } = row ?? { looked: 0, count: 0 };
  return { count, isAll: looked < MOST_COUNTED };
}

const FIRST_FROM = `
  SELECT id::float8 AS id, enqueued_at::float8 AS enqueued_at
    FROM tq.task AS task WHERE task.id >= $1::bigint ORDER BY task.id LIMIT 1`;

/** Halves the ids between the first and the last task until it comes to the time: some 30 looks. */
export async function lastPushedBefore(db: Connection, time: number): Promise<number> {
  let [low, high] = [0, (await lastUpTo(db, Number.MAX_SAFE_INTEGER)) ?? 0];
  while (low < high) {
    const middle = Math.floor((low + high) / 2) + 1;
    const row = await db.get<Pick<Task, "id" | "enqueued_at">>(FIRST_FROM, [middle]);
    if (row !== null && row.enqueued_at < time) low = row.id;
    else high = middle - 1;
  }
  return low;
}
