/** The first ready tasks of a worker's queues: by priority, deadline and id, whatever their queue. They are locked. */
import { unseen } from "./planned.ts";
import { IN_LINE, matchingNames, SUSPECT } from "./queues.ts";

/** A claim ends with the task that exceeds this: calls stay in memory until they run. */
const CLAIM_BYTES = 1_000_000;

/** The size of a call, without reading what is stored beside the row. */
const SIZE = "octet_length(instances) + octet_length(args) + octet_length(context)";

/**
 * The first ones of each queue, and of those the first ones. They are locked while they are chosen: claims that choose
 * before they lock choose the same, and wait for each other. What is not taken of them is free again at the commit.
 *
 * @param limit a parameter.
 * @param wanted a relation: the queues, and the place where each claim starts.
 * @param from a condition for that place.
 */
const firstOf = (condition: string, limit: string, wanted: string, from: string): string => `
  SELECT id, nth
    FROM (SELECT first.id, row_number() OVER best AS nth,
                 sum(first.size) OVER (best ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM ${wanted} CROSS JOIN LATERAL
                 (SELECT id, priority, deadline, ${SIZE} AS size
                    FROM tq.task
                   WHERE ${condition} AND queue = wanted.queue${from}
                   ORDER BY -priority, deadline, id
                   LIMIT ${unseen(limit)}
                     FOR NO KEY UPDATE SKIP LOCKED) AS first
          WINDOW best AS (ORDER BY first.priority DESC, first.deadline, first.id)
           ORDER BY nth
           LIMIT ${unseen(limit)}) AS ranked
   WHERE coalesce(before, 0) <= ${CLAIM_BYTES}`;

/**
 * Of these queues those whose first tasks come first, as many as the claim has tasks: it takes none of another. Each claim
 * locks the first tasks of all its queues, which would be far too many where there are a thousand.
 */
const bestOf = (limit: string, wanted: string, from: string): string => `
    (SELECT wanted.*
       FROM ${wanted} CROSS JOIN LATERAL
            (SELECT priority, deadline, id
               FROM tq.task
              WHERE ${IN_LINE} AND queue = wanted.queue${from}
              ORDER BY -priority, deadline, id
              LIMIT 1) AS head
      ORDER BY head.priority DESC, head.deadline, head.id
      LIMIT ${unseen(limit)}) AS wanted`;

/** Of named queues. */
export const firstOfNames = (limit: string, names: string): string =>
  firstOf(IN_LINE, limit, `unnest(${unseen(`${names}::text[]`)}) AS wanted (queue)`, "");

const FROM_MARK =
  " AND (-priority, deadline, id) >= (-wanted.priority, wanted.deadline, wanted.id)";

const withMarks = (names: string, marks: readonly string[]): string =>
  `unnest(${unseen(`${names}::text[]`)}, ${marks.map((mark) => unseen(`${mark}::bigint[]`)).join(", ")}) AS wanted (queue, priority, deadline, id)`;

/** Of named queues, from these marks on: the lowest of all for a queue that has none. */
export const firstFromMarks = (limit: string, names: string, marks: readonly string[]): string =>
  firstOf(IN_LINE, limit, withMarks(names, marks), FROM_MARK);

/** The same of more queues than the claim has tasks. */
export const firstOfMany = (limit: string, names: string, marks: readonly string[]): string =>
  firstOf(IN_LINE, limit, bestOf(limit, withMarks(names, marks), FROM_MARK), FROM_MARK);

/** Of all queues with tasks that match. */
export const firstOfMatching = (limit: string, patterns: string): string =>
  firstOf(IN_LINE, limit, bestOf(limit, `(${matchingNames(patterns)}) AS wanted`, ""), "");

/** The first suspect of named queues. */
export const firstSuspectOf = (names: string): string =>
  firstOf(SUSPECT, "1", `unnest(${unseen(`${names}::text[]`)}) AS wanted (queue)`, "");
