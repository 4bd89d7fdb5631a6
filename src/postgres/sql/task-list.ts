/** Lists, finds and counts the tasks of a filter: the newest first, by id, in parts of some ms. */
import { monotonicNow } from "../../clock.ts";
import type { Part, ReadFilter, Rest } from "../../store/looking.ts";
import { ENDED_STATES, type Task, TASK_STATES, type TaskState } from "../../task.ts";
import { isPattern } from "../../patterns.ts";
import { type TaskRow, toTask } from "../../store/task-rows.ts";
import type { Access } from "../access.ts";
import type { Connection } from "../connection.ts";
import { isStorable, Parameters } from "./parameters.ts";
import { refStartsWith, taskConditions } from "./task-conditions.ts";
import { TASK_COLUMNS } from "./task-columns.ts";

/** Ids that one statement looks at: some ms. */
const SLICE_IDS = 5_000;

/** Tasks that one statement looks at where an index has named them: each is read from a place of its own. */
const SLICE_NAMED = 1_000;

/** An index names the candidates of a filter where it has no more than these: some 30 ms. */
const MOST_NAMED = 100_000;

/** Of those the newest are read first: a list seldom needs more. */
const NAMED_AT_ONCE = 5_000;

/** Some ids to look at: all of `from` and above that are below `before`, or those of a list. */
interface Slice {
  readonly before: number;
  readonly from: number;
  /** null: all between. */
  readonly ids: readonly number[] | null;
}

/** The ways to read. */
type Reads = Pick<Access, "read" | "snapshot">;

/** Goes through the ids that a filter may hold for, the newest first. */
async function* slicesOf(access: Reads, filter: ReadFilter): AsyncGenerator<Slice, void> {
  const lowest = Math.max((filter.after ?? 0) + 1, 1);
  let below = Math.min(filter.before ?? Infinity, Number.MAX_SAFE_INTEGER);
  for (;;) {
    const bounds = { lowest, below };
    const named = await access.snapshot((db) => namedIds(db, filter, bounds));
    if (named === null) return yield* allSlices(access, lowest, below - 1);
    yield* namedSlices(named);
    if (named.length < NAMED_AT_ONCE) return;
    below = named.at(-1) ?? lowest;
  }
}

function* namedSlices(all: readonly number[]): Generator<Slice, void> {
  for (let start = 0; start < all.length; start += SLICE_NAMED) {
    const ids = all.slice(start, start + SLICE_NAMED);
    const [first = 0, last = 0] = [ids[0], ids.at(-1)];
    yield { before: first + 1, from: last, ids };
  }
}

const LAST_UP_TO = "SELECT max(id)::float8 AS id FROM tq.task WHERE id <= $1::bigint";

/** Leaps over ids that have been deleted. */
async function* allSlices(
  access: Reads,
  lowest: number,
  highest: number,
): AsyncGenerator<Slice, void> {
  for (let next = highest; ;) {
    const id = await access.read((db) => lastUpTo(db, next));
    if (id === null || id < lowest) return;
    const from = Math.max(id - SLICE_IDS + 1, lowest);
    yield { before: id + 1, from, ids: null };
    next = from - 1;
  }
}

async function lastUpTo(db: Connection, highest: number): Promise<number | null> {
  return (await db.get<{ id: number | null }>(LAST_UP_TO, [highest]))?.id ?? null;
}

interface Bounds {
  readonly lowest: number;
  readonly below: number;
}

/** The newest ids between these that an index names; null where each names too many, or all. */
async function namedIds(
  db: Connection,
  filter: ReadFilter,
  { lowest, below }: Bounds,
): Promise<number[] | null> {
  for (const arms of namingArms(filter)) {
    if (arms.length === 0) return [];
    const parameters = new Parameters();
    // The ids as one text: so many rows would take ten times as long.
    const sql = `
      WITH named AS MATERIALIZED (SELECT id FROM (${allOf(arms, MOST_NAMED + 1, parameters)}) AS arms LIMIT ${MOST_NAMED + 1})
      SELECT (SELECT count(*)::float8 FROM named) AS count,
             (SELECT string_agg(id::text, ',')
                FROM (SELECT id FROM named
                       WHERE id >= ${parameters.add(lowest, "bigint")} AND id < ${parameters.add(below, "bigint")}
                       ORDER BY id DESC LIMIT ${NAMED_AT_ONCE}) AS newest) AS list`;
    const found = await db.get<Named>(sql, parameters.values);
    if (!found || found.count > MOST_NAMED) continue;
    return found.list === null ? [] : found.list.split(",").map(Number);
  }
  return null;
}

/** Each part in the order of its index: the server must not read the whole table in hope of finding enough soon. */
function allOf(arms: readonly Arm[], most: number, parameters: Parameters): string {
  return arms.map((arm) => `(${arm(parameters)} LIMIT ${most})`).join(" UNION ALL ");
}

/** Writes a part of a statement, and adds its parameters. */
type Arm = (parameters: Parameters) => string;

/** The parts of statements that each name all ids of a filter: the one that names the fewest comes first. */
function* namingArms(filter: ReadFilter): Generator<readonly Arm[], void> {
  const { ref, refStarts, states = statesOf(filter) } = filter;
  if (ref !== undefined) yield isStorable(ref) ? [refArm(ref)] : [];
  if (refStarts !== undefined) yield isStorable(refStarts) ? [refStartsArm(refStarts)] : [];
  if (states.length !== TASK_STATES.length) yield armsOf(filter, states);
}

interface Named {
  readonly count: number;
  readonly list: string | null;
}

const refArm =
  (ref: string): Arm =>
  (parameters) =>
    `SELECT id FROM tq.task WHERE ref = ${parameters.add(ref, "text")} ORDER BY ref`;

const refStartsArm =
  (text: string): Arm =>
  (parameters) =>
    `SELECT id FROM tq.task WHERE ${refStartsWith(text, parameters)} ORDER BY ref`;

/** Those that a filter can find which names none. */
function statesOf({ error, endedBefore, endedAfter }: ReadFilter): readonly TaskState[] {
  if (error !== undefined) return ["failed"];
  return (endedBefore ?? endedAfter) === undefined ? TASK_STATES : ENDED_STATES;
}

/** A part of the statement for each state. */
function armsOf(filter: ReadFilter, states: readonly TaskState[]): Arm[] {
  return [...new Set(states)].flatMap((state) => ARMS[state](filter));
}

/** In the words of the partial indexes. */
const ARMS: Readonly<Record<TaskState, (filter: ReadFilter) => Arm[]>> = {
  ready: (filter) => ["suspect = 0", "suspect > 0"].map((place) => readyArm(filter, place)),
  scheduled: () => [() => "SELECT id FROM tq.task WHERE state = 'scheduled' ORDER BY scheduled_at"],
  running: () => [() => "SELECT id FROM tq.task WHERE state = 'running' ORDER BY worker"],
  finished: (filter) => [endedArm(filter, "finished")],
  failed: (filter) => [endedArm(filter, "failed")],
  cancelled: (filter) => [endedArm(filter, "cancelled")],
};

/** @param place in line, or beside it: a suspect, or a task of a paused method. */
function readyArm({ queue }: ReadFilter, place: string): Arm {
  return (parameters) => {
    const isName = queue !== undefined && !isPattern(queue) && isStorable(queue);
    const inQueue = isName ? ` AND queue = ${parameters.add(queue, "text")}` : "";
    const by = place === "suspect = 0" ? "queue" : "suspect";
    return `SELECT id FROM tq.task WHERE state = 'ready' AND ${place}${inQueue} ORDER BY ${by}`;
  };
}

function endedArm({ endedBefore, endedAfter }: ReadFilter, state: TaskState): Arm {
  return (parameters) => {
    const ended = taskConditions(
      {
        ...(endedBefore !== undefined && { endedBefore }),
        ...(endedAfter !== undefined && { endedAfter }),
      },
      parameters,
    );
    return `SELECT id FROM tq.task WHERE state = '${state}' AND finished_at IS NOT NULL AND ${ended} ORDER BY finished_at`;
  };
}

/** The condition for the ids of a slice. */
function inSlice({ before, from, ids }: Slice, parameters: Parameters): string {
  return ids === null
    ? `id < ${parameters.add(before, "bigint")} AND id >= ${parameters.add(from, "bigint")}`
    : `id = ANY (${parameters.add(ids, "bigint[]")})`;
}

/** A thousand ids may seem so many to the server that it would read the whole table for them: a look goes by the index. */
function lookAt<T>(access: Reads, { ids }: Slice, fn: (db: Connection) => Promise<T>): Promise<T> {
  return ids === null ? access.read(fn) : access.snapshot(fn);
}

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
