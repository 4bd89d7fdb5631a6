/** The answers of `/api/v1`: the words are those of `tq_tasks`, times are ISO 8601 in UTC. */
import * as v from "valibot";
import { RUN_ENDS, type RunEnd } from "../../statistics/counts.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import type { Pause } from "../../store/pauses.ts";
import type { TaskProgress } from "../../store/task-output.ts";
import { isoTime } from "../../values/iso-times.ts";
import { TASK_STATES, type Task, type TaskError, type Attempt } from "../../task.ts";

export const TIME = v.pipe(
  v.string(),
  v.regex(/^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  v.description("A point in time: ISO 8601 in UTC; a year after 9999 has a sign and six digits"),
);
export const MS = v.pipe(v.number(), v.description("A length of time in ms"));
export const COUNT = v.pipe(v.number(), v.integer(), v.minValue(0));
const ID = v.pipe(v.number(), v.integer());
const TEXT = v.string();
const JSON_VALUE = v.unknown();

/** The columns of a row of tq, each with its schema. */
type Columns<Row> = { readonly [K in keyof Row]-?: v.GenericSchema };

export const TASK = v.object({
  id: ID,
  state: v.picklist(TASK_STATES),
  queue: TEXT,
  priority: v.pipe(v.number(), v.integer()),
  model: TEXT,
  method: TEXT,
  instances: JSON_VALUE,
  args: JSON_VALUE,
  user: ID,
  context: JSON_VALUE,
  ref: v.nullable(TEXT),
  enqueued_at: TIME,
  scheduled_at: v.nullable(TIME),
  expected_at: v.nullable(TIME),
  expires_at: v.nullable(TIME),
  dequeued_at: v.nullable(TIME),
  finished_at: v.nullable(TIME),
  attempts: COUNT,
  failures: COUNT,
  snoozes: COUNT,
  crashes: COUNT,
  worker: v.nullable(TEXT),
  policy: JSON_VALUE,
  result: JSON_VALUE,
  reason: v.nullable(TEXT),
  paused: v.optional(
    v.pipe(v.boolean(), v.description("True: a pause holds it; left out where it does not wait")),
  ),
} satisfies Columns<Task & { paused?: boolean }>);

const CODE = v.nullable(v.union([v.string(), v.number()]));

export const RUN = v.object({
  task: ID,
  number: COUNT,
  outcome: TEXT,
  started_at: v.nullable(TIME),
  ended_at: v.nullable(TIME),
  waited: v.nullable(MS),
  ran: v.nullable(MS),
  late: v.nullable(MS),
  reason: v.nullable(TEXT),
  name: v.nullable(TEXT),
  code: CODE,
  message: v.nullable(TEXT),
  stack: v.nullable(TEXT),
  worker: v.nullable(TEXT),
  thread: v.nullable(COUNT),
} satisfies Columns<Attempt>);

export const TASK_ERROR = v.object({
  id: ID,
  task: ID,
  name: TEXT,
  code: CODE,
  message: TEXT,
  stack: v.nullable(TEXT),
  attempt: COUNT,
  count: COUNT,
  first_at: TIME,
  last_at: TIME,
} satisfies Columns<TaskError>);

/** How far a run is, as it said last. */
export const PROGRESS = v.object({
  at: TIME,
  done: v.number(),
  total: v.nullable(v.number()),
  text: v.nullable(TEXT),
} satisfies Columns<TaskProgress>);

/** The output of one run. */
export const OUTPUT = v.object({
  attempt: COUNT,
  lines: v.array(v.object({ at: TIME, level: TEXT, text: TEXT })),
  progress: v.nullable(PROGRESS),
  cut: v.pipe(
    v.object({ lines: COUNT, bytes: COUNT }),
    v.description("Older lines that were not kept"),
  ),
  unread: v.optional(v.pipe(TEXT, v.description("Why what it says cannot be read now"))),
});

export const WORKER = v.object({
  id: TEXT,
  pid: v.pipe(v.number(), v.integer()),
  host: TEXT,
  started_at: TIME,
  threads: v.pipe(COUNT, v.description("0: a program that runs its own tasks")),
  queues: v.pipe(v.array(TEXT), v.description("Names and patterns; none: all queues")),
  running: v.pipe(COUNT, v.description("Tasks that it runs, or has claimed and not begun")),
  version: v.nullable(TEXT),
  schema: v.pipe(v.nullable(COUNT), v.description("The version of the schema that it knows")),
  trouble: v.pipe(v.nullable(TEXT), v.description("Why it can run no task though it lives")),
  threads_ready: v.pipe(v.nullable(COUNT), v.description("Threads that have loaded the models")),
  models_at: v.pipe(
    v.nullable(TIME),
    v.description("When the newest file of models that it has loaded was changed"),
  ),
  alive: v.boolean(),
  unsure: v.optional(
    v.pipe(v.literal(true), v.description("It may be dead: that cannot be seen from here")),
  ),
} satisfies Columns<WorkerStatus>);

export const PAUSE = v.object({
  kind: v.pipe(v.picklist(["queue", "task"]), v.description("task: of methods, and of functions")),
  name: TEXT,
  by: TEXT,
  reason: v.nullable(TEXT),
  since: TIME,
  until: v.nullable(TIME),
});

/** How many runs ended how. */
export const ENDS = v.object(
  Object.fromEntries(RUN_ENDS.map((end) => [end, COUNT])) as Record<RunEnd, typeof COUNT>,
);

/** Lengths of time, in ms. */
export const SPREAD = v.object({ count: COUNT, mean: MS, p50: MS, p99: MS, worst: MS });

/** A problem document of RFC 9457, with the code of tq. */
export const PROBLEM = v.object({
  type: v.pipe(v.string(), v.description("about:blank")),
  title: TEXT,
  status: v.pipe(v.number(), v.integer()),
  detail: v.pipe(v.string(), v.description("What is wrong, where, and what to do")),
  code: v.pipe(v.string(), v.description("The code of tq, which scripts may compare")),
  task: v.optional(v.object({ id: ID, state: TEXT })),
});

/** The schemas that have a name in the OpenAPI document. */
export const NAMED_SCHEMAS = { Problem: PROBLEM, Run: RUN, Task: TASK, TaskError: TASK_ERROR };

export function shownPause({ since, until, ...pause }: Pause) {
  return { ...pause, since: isoTime(since), until: isoOrNull(until) };
}

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

export { isoTime, withIsoTimes } from "../../values/iso-times.ts";
