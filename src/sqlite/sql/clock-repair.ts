/**
 * Times that a clock left which was ahead and has been set back. Who was pushed in a year to come would stand
 * behind all others until then, and who was put off by a minute there would wait for a year.
 */
import type { Database } from "bun:sqlite";

/** A clock that is moved by less does no harm: ms. */
const SLACK = 1_000;

const IS_AHEAD = `enqueued_at > $now + ${SLACK}`;

/** It was put off at a time that is yet to come, whatever the delay. */
const IS_PUT_OFF = `postponed_at > $now + ${SLACK}`;

/** So many tasks are looked at in one go: some ms. */
const SLICE = 2_000;

/** The ready tasks of one queue and priority that are not due yet, a slice: with the times of plain pushes, none. */
const waiting = (suspect: 0 | 1): string => `
  SELECT id, deadline, ${IS_AHEAD}
    FROM tq__task
   WHERE state = 'ready' AND suspect = ${suspect}
     AND queue = CAST($queue AS TEXT) AND priority = CAST($priority AS INTEGER)
     AND (deadline, id) > ($at, $id)
   ORDER BY deadline, id
   LIMIT ${SLICE}`;

const SCHEDULED = `
  SELECT id, scheduled_at, ${IS_AHEAD} OR (${IS_PUT_OFF})
    FROM tq__task
   WHERE state = 'scheduled' AND (scheduled_at, id) > ($at, $id)
   ORDER BY scheduled_at, id
   LIMIT ${SLICE}`;

const RUNNING = `SELECT id FROM tq__task WHERE state = 'running' AND ${IS_AHEAD}`;

/** Names are bytes here: one that is no UTF-8 would come out as another, behind which it is found again for ever. */
const nextQueue = (suspect: 0 | 1): string => `
  SELECT CAST(queue AS BLOB) AS queue, priority
    FROM tq__task
   WHERE state = 'ready' AND suspect = ${suspect} AND queue > CAST($queue AS TEXT)
   ORDER BY tq__task.queue, priority DESC
   LIMIT 1`;

const nextPriority = (suspect: 0 | 1): string => `
  SELECT CAST(queue AS BLOB) AS queue, priority
    FROM tq__task
   WHERE state = 'ready' AND suspect = ${suspect}
     AND queue = CAST($queue AS TEXT) AND priority < CAST($priority AS INTEGER)
   ORDER BY priority DESC
   LIMIT 1`;

/**
 * Tasks with times that a clock left which was ahead, in slices: between two of them others may go on.
 *
 * @param places only those that are ready, which no schedule waits for.
 */
export function* findAhead(db: Database, now: number, places: boolean): Generator<number[], void> {
  if (!places) yield* slices(db, SCHEDULED, { now });
  for (const suspect of [0, 1] as const) {
    for (const lane of lanes(db, suspect)) yield* slices(db, waiting(suspect), { now, ...lane });
  }
  // Also what was ready before.
  if (!places) yield (db.query(RUNNING).values({ now }) as [number][]).map(([id]) => id);
}

type Lane = { readonly queue: Uint8Array; readonly priority: number };

/** Each queue and priority that has a ready task, by the index: the tasks themselves are not read. */
function* lanes(db: Database, suspect: 0 | 1): Generator<Lane> {
  const queue = db.query<Lane, [Pick<Lane, "queue">]>(nextQueue(suspect));
  const priority = db.query<Lane, [Lane]>(nextPriority(suspect));
  let lane = queue.get({ queue: new Uint8Array() });
  while (lane) {
    yield lane;
    lane = priority.get(lane) ?? queue.get({ queue: lane.queue });
  }
}

/** What is marked by the statement's third column, among those after `now`. */
function* slices(
  db: Database,
  statement: string,
  values: { readonly now: number },
): Generator<number[]> {
  let [at, last] = [values.now, Number.MAX_SAFE_INTEGER];
  for (;;) {
    const rows = db.query(statement).values({ ...values, at, id: last }) as [
      number,
      number,
      0 | 1,
    ][];
    yield rows.filter(([, , ahead]) => ahead === 1).map(([id]) => id);
    const end = rows.at(-1);
    if (!end || rows.length < SLICE) return;
    [last, at] = end;
  }
}

/** As if it were pushed then: all its times move with that of its push. */
const REPAIR = `
  UPDATE tq__task
     SET enqueued_at = $to,
         scheduled_at = scheduled_at - (enqueued_at - $to),
         expected_at = expected_at - (enqueued_at - $to),
         deadline = deadline - (enqueued_at - $to),
         postponed_at = postponed_at - (enqueued_at - $to)
   WHERE id = $id AND state IN ('ready', 'running', 'scheduled') AND ${IS_AHEAD}`;

const REPAIR_PUT_OFF = `
  UPDATE tq__task
     SET scheduled_at = scheduled_at - (postponed_at - $to),
         postponed_at = $to
   WHERE id = $id AND state = 'scheduled' AND ${IS_PUT_OFF}`;

/** Nobody stands behind those who come later; its times stay as they are. */
const REPAIR_PLACE = `
  UPDATE tq__task SET deadline = $to
   WHERE id = $id AND state = 'ready' AND expected_at IS NULL AND deadline > $now AND ${IS_AHEAD}`;

export interface Repair {
  /** By this clock they are ahead. */
  readonly now: number;
  /** What counts as the time of their push. */
  readonly to: number;
  /** Only those that are ready, which no schedule waits for. */
  readonly places: boolean;
}

/** Repairs those of these that still need it; returns how many did. */
export function repair(db: Database, ids: readonly number[], { now, to, places }: Repair): number {
  const [place, ahead, putOff] = [
    db.query(REPAIR_PLACE),
    db.query(REPAIR),
    db.query(REPAIR_PUT_OFF),
  ];
  let repaired = 0;
  for (const id of ids) {
    const values = { id, now, to };
    if (places) {
      repaired += place.run(values).changes;
      continue;
    }
    // A task may have been put off later than it was pushed, and both under a clock that was ahead.
    const changes = ahead.run(values).changes + putOff.run(values).changes;
    if (changes > 0) repaired += 1;
  }
  return repaired;
}
