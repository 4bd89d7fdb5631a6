/**
 * Tells what has become of tasks, on PostgreSQL: of pushes by their ids, of ends by the index of ended tasks. It waits
 * for transactions that might still put others before them.
 */
import {
  EVENT_REASON_CHARACTERS,
  type EventTask,
  type LastTaskEvents,
  type TaskEnd,
  type TaskEvents,
  type TaskEventsQuery,
  type TaskEventStore,
} from "../store/task-event-store.ts";
import { ENDED_STATES, FUNCTION_METHOD, NO_INSTANCES, type TaskState } from "../task.ts";
import type { Access } from "./access.ts";
import type { Connection } from "./connection.ts";
import { Complete, type Completeness, LATE_MS } from "./complete.ts";

const columns = (at: string): string => `
  id::float8 AS id, state, queue, model, ${at}::float8 AS at, left(reason, ${EVENT_REASON_CHARACTERS}) AS reason,
  CASE WHEN method = '${FUNCTION_METHOD}' AND instances = '${JSON.stringify(NO_INSTANCES)}' THEN NULL ELSE method END AS method`;

/** @param at the first of three parameters */
const isPushed = (at: number): string => `
  task.id > $${at}::bigint AND task.id <= $1::bigint
  AND (task.id > $${at + 1}::bigint OR task.id = ANY ($${at + 2}::bigint[]))`;
const PUSHED = `
  SELECT ${columns("enqueued_at")} FROM tq.task AS task WHERE ${isPushed(3)} ORDER BY task.id LIMIT $2::bigint`;

/** In the words of the partial index. The push of each is complete, too. */
const isEnded = (state: TaskState): string => `
  state = '${state}' AND finished_at IS NOT NULL AND finished_at >= $3::bigint AND finished_at <= $4::bigint
  AND NOT task.id = ANY ($5::bigint[]) AND task.id <= $1::bigint`;

const endedIn = (state: TaskState): string => `
  (SELECT ${columns("finished_at")} FROM tq.task AS task
    WHERE ${isEnded(state)} ORDER BY task.finished_at, task.id LIMIT $2::bigint)`;

/** One statement: it sees all or nothing of a commit. The states follow one another, each in its order. */
const ENDED = ENDED_STATES.map(endedIn).join(" UNION ALL ");

const counting = (where: string): string =>
  `(SELECT count(*) FROM (SELECT FROM tq.task AS task WHERE ${where} LIMIT $2::bigint) AS first)`;
const COUNT = `
  SELECT ${counting(isPushed(6))}::float8 AS pushed,
         least(${ENDED_STATES.map((state) => counting(isEnded(state))).join(" + ")}, $2::bigint)::float8 AS ended`;

const endAs = (state: TaskState, what: string, at: string): string => `
  SELECT ${what} FROM tq.task WHERE state = '${state}' AND finished_at IS NOT NULL AND finished_at ${at}`;
const unionOf = (what: string, at: string): string =>
  ENDED_STATES.map((state) => endAs(state, what, at)).join(" UNION ALL ");

/** Tasks that end at the same time are fewer, unless they were changed by hand. */
const MOST_AT_ONCE = 2_000;

/** One statement, for the same reason. */
const LAST = `
  WITH last AS (SELECT coalesce(max(at), 0) AS ended_at
                  FROM (${unionOf("max(finished_at) AS at", "<= $1::bigint")}) AS each)
  SELECT ended_at::float8 AS "endedAt",
         ARRAY(SELECT id::float8 FROM (${unionOf("id", "= (SELECT ended_at FROM last)")}) AS ended
                LIMIT ${MOST_AT_ONCE}) AS known
    FROM last`;

/** Ids that a transaction which is open has got are fewer, unless it pushes many. */
const MOST_IDS = 100_000;

/** One statement: it says what a stream that begins now is not to be told, though something before it is not committed. */
const BEYOND = `
  SELECT ARRAY(SELECT given::float8 FROM generate_series(greatest($1::bigint, $2::bigint - ${MOST_IDS}) + 1, $2::bigint) AS given
                WHERE NOT EXISTS (SELECT FROM tq.task WHERE id = given)
                ORDER BY given DESC LIMIT ${MOST_AT_ONCE}) AS missing,
         (SELECT coalesce(json_agg(json_build_object('id', id, 'at', at)), '[]')::text
            FROM (SELECT id, at FROM (${unionOf("id, finished_at AS at", "> $3::bigint AND finished_at <= $4::bigint")}) AS each
                   ORDER BY at DESC LIMIT ${MOST_AT_ONCE}) AS ended) AS ends`;

interface BeyondRow {
  readonly missing: Iterable<number>;
  /** A list in JSON. */
  readonly ends: string;
}

interface LastRow {
  readonly endedAt: number;
  readonly known: Iterable<number>;
}

interface Counts {
  readonly pushed: number;
  readonly ended: number;
}

export class PostgresTaskEvents implements TaskEventStore {
  readonly #access: Access;
  readonly #complete: Complete;

  constructor(access: Access) {
    this.#access = access;
    this.#complete = new Complete(access);
  }

  async read(query: TaskEventsQuery): Promise<TaskEvents> {
    const complete = await this.#complete.find();
    const [ended, pushed] = await this.#access.read((db) =>
      Promise.all([
        // Ends first: the pushes that are read after them have those of the same tasks.
        db.all<EventTask>(ENDED, endedValues(query, complete)),
        db.all<EventTask>(PUSHED, [complete.id, query.limit, ...pushValues(query)]),
      ]),
    );
    ended.sort((a, b) => a.at - b.at || a.id - b.id);
    return { pushed, ended: ended.slice(0, query.limit) };
  }

  async count(query: TaskEventsQuery): Promise<Counts> {
    const values = [...endedValues(query, await this.#complete.find()), ...pushValues(query)];
    const counts = await this.#access.read((db) => db.get<Counts>(COUNT, values));
    return counts ?? { pushed: 0, ended: 0 };
  }

  async last(endedUntil: number): Promise<LastTaskEvents> {
    const complete = await this.#complete.find();
    const { id, highest } = complete;
    const until = endedBefore(endedUntil, complete);
    return this.#access.read(async (db) => {
      const row = await db.get<LastRow>(LAST, [until]);
      const { endedAt = 0, known = [] } = row ?? {};
      const beyond = complete.isAll ? null : await beyondOf(db, complete, endedAt, endedUntil);
      return { pushed: id, highest, endedAt, known: [...known], beyond };
    });
  }
}

async function beyondOf(
  db: Connection,
  { id, highest }: Completeness,
  endedAt: number,
  endedUntil: number,
): Promise<LastTaskEvents["beyond"]> {
  const row = await db.get<BeyondRow>(BEYOND, [id, highest, endedAt, endedUntil]);
  if (row === null) return null;
  const pushes = { upTo: highest, missing: [...row.missing] };
  return { pushes, ends: JSON.parse(row.ends) as TaskEnd[] };
}

function pushValues({ pushed, seen }: TaskEventsQuery) {
  return [pushed, seen?.upTo ?? 0, seen?.missing ?? []] as const;
}

function endedValues(
  { limit, endedFrom, endedUntil, known }: TaskEventsQuery,
  complete: Completeness,
) {
  return [complete.id, limit, endedFrom, endedBefore(endedUntil, complete), known];
}

function endedBefore(endedUntil: number, { time, isAll }: Completeness): number {
  return isAll ? endedUntil : Math.min(endedUntil, time - LATE_MS);
}
