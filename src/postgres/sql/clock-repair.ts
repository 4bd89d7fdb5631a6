/**
 * Repairs times written while the clock was ahead, once it was set back. Without it, a task pushed while the clock was a
 * year ahead would run after all others for a year, and a task put off by a minute then would wait for a year.
 *
 * The column `deadline` sorts ready tasks: it is what the push said as `expected_at`, else as `scheduled_at`, else the time
 * of the push.
 */
import { CLOCK_SLACK_MS } from "../../store/clock-slack.ts";
import type { Connection } from "../connection.ts";
import { elements, unseen } from "./planned.ts";

const isAhead = (now: string): string => `enqueued_at > ${now} + ${CLOCK_SLACK_MS}`;

/** The task was put off while the clock was ahead. */
const putOffAhead = (now: string): string =>
  `coalesce(postponed_at > ${now} + ${CLOCK_SLACK_MS}, false)`;

/** Tasks in a slice: reading them takes some ms. */
const READ_AT_ONCE = 2_000;

type Line = "suspect = 0" | "suspect > 0";

/** Ready tasks of a queue and priority that sort by a time in the future: there are few. */
const readyInFuture = (line: Line): string => `
  SELECT id::float8 AS id, deadline::float8 AS at, ${isAhead("$1")} AS ahead
    FROM tq.task
   WHERE state = 'ready' AND ${line} AND suspect = $4 AND queue = $5 AND -priority = $6
     AND (deadline, id) > ($2, $3)
   ORDER BY task.deadline, task.id
   LIMIT ${unseen(String(READ_AT_ONCE))}`;

const IN_LINE = readyInFuture("suspect = 0");
const BESIDE = readyInFuture("suspect > 0");

const SCHEDULED = `
  SELECT id::float8 AS id, scheduled_at::float8 AS at, ${isAhead("$1")} OR ${putOffAhead("$1")} AS ahead
    FROM tq.task
   WHERE state = 'scheduled' AND (scheduled_at, id) > ($2, $3)
   ORDER BY task.scheduled_at, task.id
   LIMIT ${unseen(String(READ_AT_ONCE))}`;

const RUNNING = `SELECT id::float8 AS id FROM tq.task WHERE state = 'running' AND ${isAhead("$1")}`;

/** Each queue and priority with a ready task, by the index alone. */
const groups = (line: Line, columns: string): string => {
  const first = (where: string): string => `
     SELECT suspect, queue, -priority AS place FROM tq.task
      WHERE state = 'ready' AND ${line}${where} ORDER BY ${columns} LIMIT 1`;
  return `
  WITH RECURSIVE found AS (
    (${first("")})
     UNION ALL
    SELECT next.* FROM found CROSS JOIN LATERAL
           (${first(` AND (${columns}) > (${columns.replace("-priority", "place").replaceAll(/\w+/g, "found.$&")})`)}) AS next)
  SELECT suspect::float8 AS suspect, queue, place::float8 AS place FROM found`;
};

const GROUPS_IN_LINE = groups("suspect = 0", "queue, -priority");
const GROUPS_BESIDE = groups("suspect > 0", "suspect, queue, -priority");

interface Group {
  readonly suspect: number;
  readonly queue: string;
  /** The priority, negated as in the index. */
  readonly place: number;
}

/** Reads one slice after another. */
export type ReadSlice = <T>(read: (db: Connection) => Promise<T>) => Promise<T>;

/**
 * Yields, in slices, tasks with times written while the clock was ahead.
 *
 * @param onlyPlaces true: only ready tasks, whose place among the others is repaired, as at a start: it is not known then
 * whether the clock was ahead, or is behind.
 */
export async function* findAhead(
  read: ReadSlice,
  now: number,
  onlyPlaces: boolean,
): AsyncGenerator<number[], void> {
  if (!onlyPlaces) yield* slices(read, SCHEDULED, now);
  for (const [statement, found] of [
    [IN_LINE, GROUPS_IN_LINE],
    [BESIDE, GROUPS_BESIDE],
  ] as const) {
    for (const { suspect, queue, place } of await read((db) => db.all<Group>(found))) {
      yield* slices(read, statement, now, [suspect, queue, place]);
    }
  }
  // Last, as a task that was ready before may be running by now.
  if (onlyPlaces) return;
  const running = await read((db) => db.all<{ id: number }>(RUNNING, [now]));
  yield running.map(({ id }) => id);
}

interface SliceRow {
  readonly id: number;
  readonly at: number;
  readonly ahead: boolean;
}

async function* slices(
  read: ReadSlice,
  statement: string,
  now: number,
  group: readonly (number | string)[] = [],
): AsyncGenerator<number[], void> {
  let [at, last] = [now, Number.MAX_SAFE_INTEGER]; // begins after all ids of this very ms
  for (;;) {
    const rows = await read((db) => db.all<SliceRow>(statement, [now, at, last, ...group]));
    yield rows.filter(({ ahead }) => ahead).map(({ id }) => id);
    const end = rows.at(-1);
    if (!end || rows.length < READ_AT_ONCE) return;
    ({ id: last, at } = end);
  }
}

export interface Repair {
  /** The clock's time: later times are ahead. */
  readonly now: number;
  /** The time that counts as the time of the push. */
  readonly to: number;
  /** True: only ready tasks, and only their places. */
  readonly onlyPlaces: boolean;
}

/**
 * Moves all times of a task along with the time of its push; and, where it was put off while the clock was ahead, the time
 * of the next run with the time of that.
 */
const REPAIR = `
  WITH ahead AS (
    SELECT id, CASE WHEN ${isAhead("$2")} THEN enqueued_at - $3 ELSE 0 END AS moved,
           state = 'scheduled' AND ${putOffAhead("$2")} AS put_off
      FROM tq.task
     WHERE id = ANY (${elements("$1::bigint[]")}) AND state IN ('ready', 'running', 'scheduled')
     ORDER BY id
       FOR NO KEY UPDATE),
  moved AS (
    SELECT task.id, ahead.moved, task.postponed_at - ahead.moved AS postponed_at,
           task.scheduled_at - ahead.moved AS scheduled_at,
           task.state = 'scheduled' AND coalesce(task.postponed_at - ahead.moved > $2 + ${CLOCK_SLACK_MS}, false) AS put_off
      FROM tq.task AS task JOIN ahead USING (id)
     WHERE ahead.moved <> 0 OR ahead.put_off)
  UPDATE tq.task AS task
     SET enqueued_at = task.enqueued_at - moved.moved,
         expected_at = task.expected_at - moved.moved,
         expires_at = task.expires_at - moved.moved,
         deadline = task.deadline - moved.moved,
         scheduled_at = moved.scheduled_at - CASE WHEN moved.put_off THEN moved.postponed_at - $3 ELSE 0 END,
         postponed_at = CASE WHEN moved.put_off THEN $3 ELSE moved.postponed_at END
    FROM moved
   WHERE task.id = moved.id`;

/** Moves the task's place before later pushes; the times that its caller asked for stay. */
const REPAIR_PLACES = `
  UPDATE tq.task SET deadline = $3
   WHERE id = ANY (ARRAY(SELECT id FROM tq.task WHERE id = ANY (${elements("$1::bigint[]")}) ORDER BY id FOR NO KEY UPDATE))
     AND state = 'ready' AND expected_at IS NULL AND deadline > $2 AND ${isAhead("$2")}`;

/** Repairs the tasks that still need it; returns how many did. */
export async function repair(
  db: Connection,
  ids: readonly number[],
  { now, to, onlyPlaces }: Repair,
): Promise<number> {
  if (ids.length === 0) return 0;
  return db.run(onlyPlaces ? REPAIR_PLACES : REPAIR, [ids, now, to]);
}
