/** Tells what has become of tasks, on SQLite: of pushes by their ids, of ends by the index of ended tasks. */
import {
  EVENT_REASON_CHARACTERS,
  type EventTask,
  type LastTaskEvents,
  type TaskEvents,
  type TaskEventsQuery,
  type TaskEventStore,
} from "../store/task-event-store.ts";
import { ENDED_STATES, FUNCTION_METHOD, NO_INSTANCES, type TaskState } from "../task.ts";
import type { Access } from "./access.ts";

const columns = (at: string): string => `
  id, state, queue, model, ${at} AS at, substr(reason, 1, ${EVENT_REASON_CHARACTERS}) AS reason,
  iif(method = '${FUNCTION_METHOD}' AND instances = '${JSON.stringify(NO_INSTANCES)}', NULL, method) AS method`;

const IS_PUSHED = "id > $pushed";
const PUSHED = `
  SELECT ${columns("enqueued_at")} FROM tq__task WHERE ${IS_PUSHED} ORDER BY id LIMIT $limit`;

/** In the words of the partial index. */
const isEnded = (state: TaskState): string => `
  state = '${state}' AND finished_at IS NOT NULL AND finished_at >= $endedFrom AND finished_at <= $endedUntil
  AND id NOT IN (SELECT value FROM json_each($known))`;

const endedIn = (state: TaskState): string => `
  SELECT * FROM (SELECT ${columns("finished_at")} FROM tq__task
                  WHERE ${isEnded(state)} ORDER BY finished_at, id LIMIT $limit)`;

/** One statement: it sees all or nothing of a commit. The states follow one another, each in its order. */
const ENDED = ENDED_STATES.map(endedIn).join(" UNION ALL ");

const counting = (where: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM tq__task WHERE ${where} LIMIT $limit))`;
const COUNT = `
  SELECT ${counting(IS_PUSHED)} AS pushed,
         min(${ENDED_STATES.map((state) => counting(isEnded(state))).join(" + ")}, $limit) AS ended`;

const endAs = (state: TaskState, what: string, at: string): string => `
  SELECT ${what} FROM tq__task WHERE state = '${state}' AND finished_at IS NOT NULL AND finished_at ${at}`;
const unionOf = (what: string, at: string): string =>
  ENDED_STATES.map((state) => endAs(state, what, at)).join(" UNION ALL ");

/** Tasks that end at the same time are fewer, unless they were changed by hand. */
const MOST_AT_ONCE = 2_000;

/** One statement, too. */
const LAST = `
  WITH last AS (SELECT coalesce(max(at), 0) AS endedAt
                  FROM (${unionOf("max(finished_at) AS at", "<= $endedUntil")}))
  SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tq__task'), 0) AS pushed,
         endedAt,
         (SELECT json_group_array(id)
            FROM (SELECT id FROM (${unionOf("id", "= (SELECT endedAt FROM last)")}) LIMIT ${MOST_AT_ONCE})) AS known
    FROM last`;

export class SqliteTaskEvents implements TaskEventStore {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  read({ pushed, limit, ...query }: TaskEventsQuery): Promise<TaskEvents> {
    return this.#access.read((db) => {
      // Ends first: the pushes that are read after them have those of the same tasks.
      const ended = db.query(ENDED).all({ ...toValues(query), limit }) as EventTask[];
      ended.sort((a, b) => a.at - b.at || a.id - b.id);
      return {
        pushed: db.query(PUSHED).all({ pushed, limit }) as EventTask[],
        ended: ended.slice(0, limit),
      };
    });
  }

  count({ pushed, limit, ...query }: TaskEventsQuery): Promise<{ pushed: number; ended: number }> {
    const values = { ...toValues(query), pushed, limit };
    return this.#access.read(
      (db) => db.query(COUNT).get(values) as { pushed: number; ended: number },
    );
  }

  async last(endedUntil: number): Promise<LastTaskEvents> {
    const row = await this.#access.read((db) => db.query(LAST).get({ endedUntil }) as LastRow);
    const known = JSON.parse(row.known) as number[];
    return { ...row, known, highest: row.pushed, beyond: null };
  }
}

interface LastRow extends Omit<LastTaskEvents, "known" | "highest" | "beyond"> {
  /** JSON of ids. */
  readonly known: string;
}

function toValues({
  endedFrom,
  endedUntil,
  known,
}: Omit<TaskEventsQuery, "pushed" | "seen" | "limit">) {
  return { endedFrom, endedUntil, known: JSON.stringify(known) };
}
