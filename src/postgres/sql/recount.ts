/**
 * Counts the tasks of which there are too many to count whenever someone asks, in steps. Each step is a statement of its
 * own, as a snapshot would keep what has ended from being cleaned up: tasks that move meanwhile are
 * counted once, twice or not at all.
 */
import { type Part, PARTS, type Recount } from "../../store/queue-counts.ts";
import type { Access } from "../access.ts";
import { countEach, countThese } from "./counts.ts";
import { hasMore, isAnyKept, keep, mostOf, ORDER, WHERE } from "./kept-counts.ts";

/** A queue with more is counted by a statement of its own. */
const FEW = 1_000;

const GROUPS = `
  WITH RECURSIVE next (suspect) AS (
    SELECT (SELECT suspect FROM tq.task WHERE ${WHERE.beside} ORDER BY suspect LIMIT 1)
     UNION ALL
    SELECT (SELECT suspect FROM tq.task WHERE ${WHERE.beside} AND suspect > next.suspect ORDER BY suspect LIMIT 1)
      FROM next WHERE next.suspect IS NOT NULL)
  SELECT suspect::float8 AS suspect FROM next WHERE suspect IS NOT NULL`;

const OF_GROUP = `
  SELECT queue, count(*)::float8 AS tasks
    FROM tq.task WHERE ${WHERE.beside} AND suspect = $1::bigint GROUP BY queue`;

/** Tasks whose queue a step reads, each from a place of its own. */
const READ_AT_ONCE = 5_000;

/** The queues of the tasks behind a place, with their counts, and in each row the place of the last one. */
const byTime = (part: "scheduled" | "failed"): string => {
  const time = ORDER[part];
  return `
    WITH passed AS MATERIALIZED (
      SELECT queue, ${time} AS time, id
        FROM tq.task WHERE ${WHERE[part]} AND (${time}, id) > ($1::bigint, $2::bigint)
       ORDER BY ${time}, id LIMIT ${READ_AT_ONCE})
    SELECT counted.queue, counted.tasks, last.time::float8 AS time, last.id::float8 AS id
      FROM (SELECT queue, count(*)::float8 AS tasks FROM passed GROUP BY queue) AS counted
     CROSS JOIN (SELECT time, id FROM passed ORDER BY time DESC, id DESC LIMIT 1) AS last`;
};

const BY_TIME = { scheduled: byTime("scheduled"), failed: byTime("failed") };

interface CountRow {
  readonly queue: string;
  readonly tasks: number;
}

interface PassedRow extends CountRow {
  readonly time: number;
  readonly id: number;
}

/** Counts the tasks of which there are too many to count whenever someone asks; yields true where a count has changed. */
export async function* recount(access: Access): AsyncGenerator<boolean, void> {
  for await (const counted of recountAll(access)) {
    yield counted !== null && (await access.write((db) => keep(db, counted)));
  }
}

/** Yields null between two steps, and each count once it is complete. */
async function* recountAll(access: Access): AsyncGenerator<Recount | null, void> {
  for (const part of PARTS) {
    const at = access.now();
    const isMany = await access.snapshot((db) => hasMore(db, part, mostOf(part)));
    const counts = new Map<string, number>();
    const add: Add = (queue, tasks) => counts.set(queue, (counts.get(queue) ?? 0) + tasks);
    if (isMany) yield* countPart(access, part, add);
    else if (!(await access.snapshot((db) => isAnyKept(db, part)))) continue;
    yield { part, counts, at };
  }
}

type Add = (queue: string, tasks: number) => void;

function countPart(access: Access, part: Part, add: Add): AsyncGenerator<null, void> {
  if (part === "line") return countLine(access, add);
  return part === "beside" ? countBeside(access, add) : countByTime(access, part, add);
}

/** The index alone has the queues of these: a million take some 100 ms. */
async function* countLine(access: Access, add: Add): AsyncGenerator<null, void> {
  for await (const rows of countEach((fn) => access.snapshot(fn), FEW)) {
    for (const { queue, ready } of rows) {
      if (ready < FEW) {
        add(queue, ready);
        continue;
      }
      const [all] = await access.snapshot((db) => countThese(db, [queue], null));
      add(queue, all?.ready ?? 0);
      yield null;
    }
    yield null;
  }
}

/** Each pause has tasks of its own beside the line. */
async function* countBeside(access: Access, add: Add): AsyncGenerator<null, void> {
  for (const { suspect } of await access.snapshot((db) => db.all<{ suspect: number }>(GROUPS))) {
    const rows = await access.snapshot((db) => db.all<CountRow>(OF_GROUP, [suspect]));
    for (const { queue, tasks } of rows) add(queue, tasks);
    yield null;
  }
}

async function* countByTime(
  access: Access,
  part: keyof typeof BY_TIME,
  add: Add,
): AsyncGenerator<null, void> {
  let place = [Number.MIN_SAFE_INTEGER, 0];
  for (let passed = READ_AT_ONCE; passed >= READ_AT_ONCE;) {
    const from = place;
    const rows = await access.snapshot((db) => db.all<PassedRow>(BY_TIME[part], from));
    passed = 0;
    for (const { queue, tasks, time, id } of rows) {
      add(queue, tasks);
      passed += tasks;
      place = [time, id];
    }
    yield null;
  }
}
