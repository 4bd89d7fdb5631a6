/**
 * Repairs times written while the clock was ahead, once it was set back. Without it, a task pushed while the clock was a
 * year ahead would run after all others for a year, and a task put off by a minute then would wait for a year.
 *
 * The column `deadline` sorts ready tasks: it is what the push said as `expected_at`, else as `scheduled_at`, else the time
 * of the push.
 */
import type { Database } from "bun:sqlite";
import { CLOCK_SLACK_MS } from "../../store/clock-slack.ts";
import { groupsAside } from "./set-aside.ts";

const IS_AHEAD = `enqueued_at > $now + ${CLOCK_SLACK_MS}`;

/** The task was put off while the clock was ahead. */
const PUT_OFF_AHEAD = `postponed_at > $now + ${CLOCK_SLACK_MS}`;

/** Tasks in a slice: reading them takes some ms. */
const READ_AT_ONCE = 2_000;

/** Ready tasks of a queue and priority that sort by a time in the future: there are few. */
const readyInFuture = (suspect: string): string => `
  SELECT id, deadline, ${IS_AHEAD}
    FROM tq__task
   WHERE state = 'ready' AND ${suspect}
     AND queue = CAST($queue AS TEXT) AND priority = CAST($priority AS INTEGER)
     AND (deadline, id) > ($at, $id)
   ORDER BY deadline, id
   LIMIT ${READ_AT_ONCE}`;

const SCHEDULED = `
  SELECT id, scheduled_at, ${IS_AHEAD} OR (${PUT_OFF_AHEAD})
    FROM tq__task
   WHERE state = 'scheduled' AND (scheduled_at, id) > ($at, $id)
   ORDER BY scheduled_at, id
   LIMIT ${READ_AT_ONCE}`;

const RUNNING = `SELECT id FROM tq__task WHERE state = 'running' AND ${IS_AHEAD}`;

/**
 * Reads names of queues as bytes. A name that is not UTF-8 would be decoded to another name, and the search for the
 * next one would find it again for ever.
 */
const nextQueue = (suspect: string): string => `
  SELECT CAST(queue AS BLOB) AS queue, priority
    FROM tq__task
   WHERE state = 'ready' AND ${suspect} AND queue > CAST($queue AS TEXT)
   ORDER BY tq__task.queue, priority DESC
   LIMIT 1`;

const nextPriority = (suspect: string): string => `
  SELECT CAST(queue AS BLOB) AS queue, priority
    FROM tq__task
   WHERE state = 'ready' AND ${suspect}
     AND queue = CAST($queue AS TEXT) AND priority < CAST($priority AS INTEGER)
   ORDER BY priority DESC
   LIMIT 1`;

/**
 * Yields, in slices, tasks with times written while the clock was ahead. The caller does other work between two slices.
 *
 * @param db gives the connection for one read: a transaction may have begun on that of the slice before.
 * @param onlyPlaces true: only ready tasks, whose place among the others is repaired, as at a start: it is not known then
 * whether the clock was ahead, or is behind.
 */
export function* findAhead(
  db: () => Database,
  now: number,
  onlyPlaces: boolean,
): Generator<number[], void> {
  if (!onlyPlaces) yield* slices(db, SCHEDULED, { now });
  for (const suspect of lines(db())) {
    for (const group of readyQueues(db, suspect))
      yield* slices(db, readyInFuture(suspect), { now, ...group });
  }
  // Last, as a task that was ready before may be running by now.
  if (!onlyPlaces) yield (db().query(RUNNING).values({ now }) as [number][]).map(([id]) => id);
}

/** The conditions of the indexes: of ready tasks in line, of suspects, and of those set aside for each pause. */
function lines(db: Database): string[] {
  const beside = [1, ...groupsAside(db)].map((value) => `suspect > 0 AND suspect = ${value}`);
  return ["suspect = 0", ...beside];
}

type QueueAndPriority = { readonly queue: Uint8Array; readonly priority: number };

/** Yields each queue and priority with a ready task, by the index alone. */
function* readyQueues(db: () => Database, suspect: string): Generator<QueueAndPriority> {
  type One = QueueAndPriority;
  const queueAfter = (queue: Uint8Array) =>
    db().query<One, [Pick<One, "queue">]>(nextQueue(suspect)).get({ queue });
  const priorityAfter = (one: One) => db().query<One, [One]>(nextPriority(suspect)).get(one);
  let found = queueAfter(new Uint8Array());
  while (found) {
    yield found;
    found = priorityAfter(found) ?? queueAfter(found.queue);
  }
}

/** Yields the ids that the statement's third column marks, among tasks later than `now`. */
function* slices(
  db: () => Database,
  statement: string,
  values: { readonly now: number },
): Generator<number[]> {
  let [at, last] = [values.now, Number.MAX_SAFE_INTEGER]; // begins after all ids of this very ms
  for (;;) {
    const rows = db()
      .query(statement)
      .values({ ...values, at, id: last }) as [number, number, 0 | 1 | null][];
    yield rows.filter(([, , ahead]) => ahead === 1).map(([id]) => id);
    const end = rows.at(-1);
    if (!end || rows.length < READ_AT_ONCE) return;
    [last, at] = end;
  }
}

/** Moves all times of a task along with the time of its push. */
const REPAIR = `
  UPDATE tq__task
     SET enqueued_at = $to,
         scheduled_at = scheduled_at - (enqueued_at - $to),
         expected_at = expected_at - (enqueued_at - $to),
         expires_at = expires_at - (enqueued_at - $to),
         deadline = deadline - (enqueued_at - $to),
         postponed_at = postponed_at - (enqueued_at - $to)
   WHERE id = $id AND state IN ('ready', 'running', 'scheduled') AND ${IS_AHEAD}`;

const REPAIR_PUT_OFF = `
  UPDATE tq__task
     SET scheduled_at = scheduled_at - (postponed_at - $to),
         postponed_at = $to
   WHERE id = $id AND state = 'scheduled' AND ${PUT_OFF_AHEAD}`;

/** Moves the task's place before later pushes; the times that its caller asked for stay. */
const REPAIR_PLACE = `
  UPDATE tq__task SET deadline = $to
   WHERE id = $id AND state = 'ready' AND expected_at IS NULL AND deadline > $now AND ${IS_AHEAD}`;

export interface Repair {
  /** The clock's time: later times are ahead. */
  readonly now: number;
  /** The time that counts as the time of the push. */
  readonly to: number;
  /** True: only ready tasks, and only their places. */
  readonly onlyPlaces: boolean;
}

/** Repairs the tasks that still need it; returns how many did. */
export function repair(
  db: Database,
  ids: readonly number[],
  { now, to, onlyPlaces }: Repair,
): number {
  const [place, ahead, putOff] = [
    db.query(REPAIR_PLACE),
    db.query(REPAIR),
    db.query(REPAIR_PUT_OFF),
  ];
  let repaired = 0;
  for (const id of ids) {
    const values = { id, now, to };
    if (onlyPlaces) {
      repaired += place.run(values).changes;
      continue;
    }
    // A task may have been pushed and later put off, both while the clock was ahead.
    const changes = ahead.run(values).changes + putOff.run(values).changes;
    if (changes > 0) repaired += 1;
  }
  return repaired;
}
