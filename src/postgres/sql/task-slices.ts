/**
 * Goes through the ids that a filter of tasks may hold for, in slices that a statement looks at in some ms: those that an
 * index names, where they are few, or all.
 */
import type { ReadFilter } from "../../store/looking.ts";
import { ENDED_STATES, TASK_STATES, type TaskState } from "../../task.ts";
import { isPattern } from "../../patterns.ts";
import type { Access } from "../access.ts";
import type { Connection } from "../connection.ts";
import { isStorable, Parameters } from "./parameters.ts";
import { refStartsWith, taskConditions } from "./task-conditions.ts";

/** Ids that one statement looks at: some ms. */
export const SLICE_IDS = 5_000;

/** Tasks that one statement looks at where an index has named them: each is read from a place of its own. */
const SLICE_NAMED = 1_000;

/** An index names the candidates of a filter where it has no more than these: some 30 ms. */
const MOST_NAMED = 100_000;

/** Of those the newest are read first: a list seldom needs more. */
const NAMED_AT_ONCE = 5_000;

/** Some ids to look at: all of `from` and above that are below `before`, or those of a list. */
export interface Slice {
  readonly before: number;
  readonly from: number;
  /** null: all between. */
  readonly ids: readonly number[] | null;
}

/** The ways to read. */
export type Reads = Pick<Access, "read" | "snapshot">;

/** Goes through the ids that a filter may hold for, the newest first. */
export async function* slicesOf(access: Reads, filter: ReadFilter): AsyncGenerator<Slice, void> {
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

export async function lastUpTo(db: Connection, highest: number): Promise<number | null> {
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
export function allOf(arms: readonly Arm[], most: number, parameters: Parameters): string {
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
export function statesOf({ error, endedBefore, endedAfter }: ReadFilter): readonly TaskState[] {
  if (error !== undefined) return ["failed"];
  return (endedBefore ?? endedAfter) === undefined ? TASK_STATES : ENDED_STATES;
}

/** A part of the statement for each state. */
export function armsOf(filter: ReadFilter, states: readonly TaskState[]): Arm[] {
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
export function inSlice({ before, from, ids }: Slice, parameters: Parameters): string {
  return ids === null
    ? `id < ${parameters.add(before, "bigint")} AND id >= ${parameters.add(from, "bigint")}`
    : `id = ANY (${parameters.add(ids, "bigint[]")})`;
}

/** A thousand ids may seem so many to the server that it would read the whole table for them: a look goes by the index. */
export function lookAt<T>(
  access: Reads,
  { ids }: Slice,
  fn: (db: Connection) => Promise<T>,
): Promise<T> {
  return ids === null ? access.read(fn) : access.snapshot(fn);
}
