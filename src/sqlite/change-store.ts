/** What has become of tasks, on SQLite: pushes by their ids, ends by the index of ended tasks. */
import type { Database } from "bun:sqlite";
import type { ChangedTask, Changes, ChangesQuery, ChangeStore } from "../store/change-store.ts";
import { ENDED_STATES, FUNCTION_METHOD, NO_INSTANCES, type TaskState } from "../task.ts";

export interface ChangeAccess {
  read<T>(fn: (db: Database) => T): Promise<T>;
}

const REASON_CHARACTERS = 200;

const columns = (at: string): string => `
  id, state, queue, model, ${at} AS at, substr(reason, 1, ${REASON_CHARACTERS}) AS reason,
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
const ENDED = `${ENDED_STATES.map(endedIn).join(" UNION ALL ")} ORDER BY at, id LIMIT $limit`;

const counting = (where: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM tq__task WHERE ${where} LIMIT $limit))`;
const COUNT = `
  SELECT ${counting(IS_PUSHED)} AS pushed,
         min(${ENDED_STATES.map((state) => counting(isEnded(state))).join(" + ")}, $limit) AS ended`;

const LAST_END = ENDED_STATES.map(
  (state) => `
  SELECT max(finished_at) AS at FROM tq__task
   WHERE state = '${state}' AND finished_at IS NOT NULL AND finished_at <= $endedUntil`,
);
const LAST = `
  SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tq__task'), 0) AS pushed,
         coalesce((SELECT max(at) FROM (${LAST_END.join(" UNION ALL ")})), 0) AS endedAt`;

export class SqliteChanges implements ChangeStore {
  readonly #access: ChangeAccess;

  constructor(access: ChangeAccess) {
    this.#access = access;
  }

  read({ pushed, limit, ...query }: ChangesQuery): Promise<Changes> {
    return this.#access.read((db) => ({
      pushed: db.query(PUSHED).all({ pushed, limit }) as ChangedTask[],
      ended: db.query(ENDED).all({ ...toValues(query), limit }) as ChangedTask[],
    }));
  }

  count({ pushed, limit, ...query }: ChangesQuery): Promise<{ pushed: number; ended: number }> {
    const values = { ...toValues(query), pushed, limit };
    return this.#access.read(
      (db) => db.query(COUNT).get(values) as { pushed: number; ended: number },
    );
  }

  last(endedUntil: number): Promise<{ pushed: number; endedAt: number }> {
    return this.#access.read(
      (db) => db.query(LAST).get({ endedUntil }) as { pushed: number; endedAt: number },
    );
  }
}

function toValues({ endedFrom, endedUntil, known }: Omit<ChangesQuery, "pushed" | "limit">) {
  return { endedFrom, endedUntil, known: JSON.stringify(known) };
}
