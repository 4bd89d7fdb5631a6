/**
 * Counts the tasks of which there are too many to count whenever someone asks, in steps of some ms. No step leaves a
 * statement open, as that would keep the WAL from being emptied: tasks that move meanwhile are counted once, twice or
 * not at all.
 */
import type { Database } from "bun:sqlite";
import {
  MOST_OF_PART,
  MOST_OF_QUEUE,
  type Part,
  PARTS,
  type Recount,
} from "../../store/queue-counts.ts";
import { hasMore, isAnyKept, WHERE } from "./kept-counts.ts";

/** Yields null between two steps, and each count once it is complete. */
export function* recountAll(db: Database, now: () => number): Generator<Recount | null, void> {
  for (const part of PARTS) {
    const at = now();
    const counts = new Map<string, number>();
    const add: Add = (queue, tasks) => counts.set(queue, (counts.get(queue) ?? 0) + tasks);
    if (hasMore(db, part, part === "line" ? MOST_OF_QUEUE : MOST_OF_PART)) {
      yield* countPart(db, part, add);
    } else if (!isAnyKept(db, part)) continue;
    yield { part, counts, at };
  }
}

type Add = (queue: string, tasks: number) => void;

function countPart(db: Database, part: Part, add: Add): Generator<null, void> {
  if (part === "line") return countInOrder(db, WHERE.line, {}, add);
  if (part === "beside") return countBeside(db, add);
  const { id: last } = db.query(LAST_ID).get() as { id: number };
  return hasMore(db, part, last / MOST_APART)
    ? countById(db, part, last, add)
    : countByTime(db, part, add);
}

const LAST_ID = "SELECT coalesce(max(id), 0) AS id FROM tq__task";

/** Where one of fewer tasks is of the part, all are read in the order of the file: that costs less than many leaps. */
const MOST_APART = 20;

/** Ids that a step looks at. */
const IDS_AT_ONCE = 10_000;

const NEXT_ID = "SELECT min(id) AS id FROM tq__task WHERE id >= $from";

const queuesById = (part: "scheduled" | "failed"): string => `
  SELECT queue FROM tq__task NOT INDEXED WHERE id >= $from AND id < $to AND ${WHERE[part]}`;

const BY_ID = { scheduled: queuesById("scheduled"), failed: queuesById("failed") };

function* countById(
  db: Database,
  part: keyof typeof BY_ID,
  last: number,
  add: Add,
): Generator<null, void> {
  for (let from = 1; from <= last; from += IDS_AT_ONCE) {
    const next = db.query(NEXT_ID).get({ from }) as { id: number | null };
    if (next.id === null) return;
    from = next.id; // ids may be missing
    const rows = db.query(BY_ID[part]).values({ from, to: from + IDS_AT_ONCE }) as [string][];
    for (const [queue] of rows) add(queue, 1);
    yield null;
  }
}

/** Tasks whose queue a step reads, each from a place of its own in the file. */
const READ_AT_ONCE = 1_000;

const byTime = (part: "scheduled" | "failed", column: string) => {
  const tasks = `SELECT queue, ${column}, id FROM tq__task WHERE ${WHERE[part]}`;
  return {
    // A million may have the same time: the id goes on where it is the same.
    same: `${tasks} AND ${column} = $time AND id > $id ORDER BY id LIMIT ${READ_AT_ONCE}`,
    later: `${tasks} AND ${column} > $time ORDER BY ${column}, id LIMIT ${READ_AT_ONCE}`,
  };
};

const BY_TIME = {
  scheduled: byTime("scheduled", "scheduled_at"),
  failed: byTime("failed", "finished_at"),
};

type TimeRow = [queue: string, time: number, id: number];

function* countByTime(db: Database, part: keyof typeof BY_TIME, add: Add): Generator<null, void> {
  const { same, later } = BY_TIME[part];
  let [time, id] = [Number.MIN_SAFE_INTEGER, 0];
  for (;;) {
    const rows = db.query(same).values({ time, id }) as TimeRow[];
    if (rows.length === 0) rows.push(...(db.query(later).values({ time }) as TimeRow[]));
    if (rows.length === 0) return;
    for (const [queue] of rows) add(queue, 1);
    [, time, id] = rows.at(-1) as TimeRow;
    yield null;
  }
}

const NEXT_ASIDE = `SELECT min(suspect) AS aside FROM tq__task WHERE ${WHERE.beside} AND suspect > $aside`;

/** Each pause has tasks of its own beside the line. */
function* countBeside(db: Database, add: Add): Generator<null, void> {
  const next = (after: number) =>
    (db.query(NEXT_ASIDE).get({ aside: after }) as { aside: number | null }).aside;
  for (let aside = next(0); aside !== null; aside = next(aside)) {
    yield* countInOrder(db, `${WHERE.beside} AND suspect = $aside`, { aside }, add);
  }
}

/** Tasks that a step passes over in the index, without a look at the tasks themselves. */
const PASSED_AT_ONCE = 20_000;

/** A step with few tasks takes as long as if they were so many. */
const LEAST_PASSED = 100;

/** Names are bytes: those that are not UTF-8 are told apart, too. */
const OF_QUEUE = "queue = CAST($queue AS TEXT)";

/** The statements on an index that has the order of claims. */
const inOrder = (where: string) => {
  const ofPriority = `FROM tq__task WHERE ${where} AND ${OF_QUEUE} AND priority = $priority`;
  const arm = (condition: string) => ({
    end: `SELECT deadline, id ${ofPriority} AND ${condition} ORDER BY deadline, id LIMIT 1 OFFSET ${PASSED_AT_ONCE - 1}`,
    rest: `SELECT count(*) AS count ${ofPriority} AND ${condition}`,
  });
  return {
    queue: `SELECT CAST(queue AS BLOB) AS bytes FROM tq__task WHERE ${where} AND queue > CAST($after AS TEXT) ORDER BY queue LIMIT 1`,
    priority: `SELECT max(priority) AS priority FROM tq__task WHERE ${where} AND ${OF_QUEUE} AND priority < $below`,
    // A million may have the same deadline: the id goes on where it is the same.
    same: arm("deadline = $deadline AND id > $id"),
    later: arm("deadline > $deadline"),
  };
};

type Values = Readonly<Record<string, number>>;

function* countInOrder(
  db: Database,
  where: string,
  values: Values,
  add: Add,
): Generator<null, void> {
  const statements = inOrder(where);
  let passed = 0;
  let after = new Uint8Array();
  for (;;) {
    const next = db.query(statements.queue).get({ ...values, after }) as NextQueue | null;
    if (next === null) return;
    const { bytes: queue } = next;
    const name = Buffer.from(queue).toString();
    for (const tasks of passQueue(db, statements, { ...values, queue })) {
      add(name, tasks);
      passed += Math.max(tasks, LEAST_PASSED);
      if (passed < PASSED_AT_ONCE) continue;
      passed = 0;
      yield null;
    }
    after = queue;
  }
}

interface NextQueue {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Place {
  readonly deadline: number;
  readonly id: number;
}

/** Yields how many tasks were passed in each step. */
function* passQueue(
  db: Database,
  { priority: nextPriority, same, later }: ReturnType<typeof inOrder>,
  ofQueue: Readonly<Record<string, number | Uint8Array<ArrayBuffer>>>,
): Generator<number, void> {
  const next = (below: number) =>
    (db.query(nextPriority).get({ ...ofQueue, below }) as { priority: number | null }).priority;
  let below = Infinity;
  for (let priority = next(below); priority !== null && priority < below;) {
    const values = { ...ofQueue, priority };
    let place: Place | null = { deadline: Number.MIN_SAFE_INTEGER, id: 0 };
    while (place !== null) {
      const { deadline } = place;
      let end = db.query(same.end).get({ ...values, ...place }) as Place | null;
      if (end === null) {
        yield (db.query(same.rest).get({ ...values, ...place }) as Count).count;
        end = db.query(later.end).get({ ...values, deadline }) as Place | null;
        if (end === null) yield (db.query(later.rest).get({ ...values, deadline }) as Count).count;
      }
      if (end !== null) yield PASSED_AT_ONCE;
      place = end;
    }
    below = priority;
    priority = next(below);
  }
}

interface Count {
  readonly count: number;
}
