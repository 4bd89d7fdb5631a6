/** The operations on statistics: how many tasks ran, how long they waited and took, and how late they were. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { TqError } from "../../errors.ts";
import { OPTIONS } from "../../push/task-options.ts";
import { quote } from "../../quote.ts";
import type { RunSummary } from "../../statistics/summary.ts";
import type { Store } from "../../store/store.ts";
import {
  defaultGrouping,
  type Grouping,
  GROUPINGS,
  groupStatistics,
  type WantedStatistics,
} from "../../tasks/statistics/groups.ts";
import { ClosedSteps } from "../../tasks/statistics/closed-steps.ts";
import {
  readStep,
  statisticsSeries,
  usualStep,
  type WantedSeries,
} from "../../tasks/statistics/series.ts";
import { DEFAULT_LAST, readLast } from "../../tasks/statistics/span.ts";
import { didYouMean } from "../../suggest.ts";
import { readQuery } from "../input/queries.ts";
import type { AdminEnv } from "../access/access.ts";
import { operation, reads } from "./operation.ts";
import { COUNT, ENDS, isoTime, MS, SPREAD, TIME } from "./schemas.ts";
import { queryField } from "./task-query.ts";

const TAG = "statistics";

const SUMMARY = v.object({
  runs: COUNT,
  ended: v.pipe(COUNT, v.description("Tasks that finished, failed or were cancelled by a run")),
  ...ENDS.entries,
  wait: v.pipe(v.nullable(SPREAD), v.description("For a thread, from when it could run")),
  run: v.nullable(SPREAD),
  late_start: v.pipe(v.nullable(SPREAD), v.description("After scheduled_at")),
  late_end: v.pipe(v.nullable(SPREAD), v.description("After expected_at")),
} satisfies { readonly [K in keyof RunSummary]: v.GenericSchema });

const SPAN = { since: TIME, until: TIME, queue: v.nullable(v.string()) };

const GROUPS = v.object({
  ...SPAN,
  by: v.picklist(GROUPINGS),
  groups: v.array(
    v.object({
      queue: v.optional(v.pipe(v.string(), v.description("By queue"))),
      model: v.optional(v.pipe(v.string(), v.description("By task, as method"))),
      method: v.optional(v.string()),
      at: v.optional(v.pipe(TIME, v.description("By hour: its start by the server's clock"))),
      ...SUMMARY.entries,
    }),
  ),
  failures: v.pipe(
    v.array(
      v.object({
        queue: v.string(),
        model: v.string(),
        method: v.string(),
        failed: COUNT,
        retried: COUNT,
        crashed: COUNT,
      }),
    ),
    v.description("The methods whose runs did not end well, the most frequent first"),
  ),
});

const SERIES = v.object({
  ...SPAN,
  step: MS,
  steps: v.pipe(
    v.array(
      v.object({
        at: v.pipe(TIME, v.description("Its start")),
        pushed: v.pipe(
          v.nullable(COUNT),
          v.description("About how many tasks were pushed; null: not known, as of one queue"),
        ),
        ...SUMMARY.entries,
      }),
    ),
    v.description("The earliest first, also those in which nothing ran; the last is not over"),
  ),
});

const LAST = queryField(
  `How far back: hour, day, week, or a length such as 90m or 30d; default: ${DEFAULT_LAST}`,
);
const QUEUE = queryField("Only tasks of this queue, or of those of a pattern");

export function statisticsOperations(store: Store) {
  const closed = new ClosedSteps();
  return new Hono<AdminEnv>()
    .get(
      "/statistics",
      operation({
        id: "showStatistics",
        tag: TAG,
        roles: ["read"],
        summary: "Show how many tasks ran, how long they took, and how late they were",
        answers: {
          200: { description: "The most frequent first; hours in order", schema: GROUPS },
        },
      }),
      reads(
        "query",
        v.object({
          last: LAST,
          queue: QUEUE,
          by: queryField("queue, task or hour; default: queue, and for one queue task"),
        }),
        readWanted,
      ),
      async (c) => {
        const { since, until, groups, ...rest } = await groupStatistics(
          store,
          c.req.valid("query"),
        );
        return c.json({
          ...rest,
          since: isoTime(since),
          until: isoTime(until),
          groups: groups.map(({ at, ...group }) => ({
            ...group,
            ...(at !== undefined && { at: isoTime(at) }),
          })),
        });
      },
    )
    .get(
      "/statistics/series",
      operation({
        id: "showStatisticsSeries",
        tag: TAG,
        roles: ["read"],
        summary: "Show the statistics step by step, for a chart",
        answers: { 200: { description: "The steps", schema: SERIES } },
      }),
      reads(
        "query",
        v.object({
          last: LAST,
          queue: QUEUE,
          step: queryField("Whole minutes, such as 15m; default: a step of which 100 are enough"),
        }),
        readSeries,
      ),
      async (c) => {
        const series = await statisticsSeries(store, c.req.valid("query"), closed);
        const { since, until, steps, ...rest } = series;
        return c.json({
          ...rest,
          since: isoTime(since),
          until: isoTime(until),
          steps: steps.map(({ at, ...step }) => ({ at: isoTime(at), ...step })),
        });
      },
    );
}

const START = "Cannot show statistics";

function readWanted(c: Context): WantedStatistics {
  const { searchParams } = new URL(c.req.url);
  const { last, queue, by } = readQuery(searchParams, ["last", "queue", "by"], START);
  return {
    length: readLast(last ?? DEFAULT_LAST, `${START}: last`),
    queue: readQueue(queue),
    by: by === undefined ? defaultGrouping(queue) : readBy(by),
  };
}

function readSeries(c: Context): WantedSeries {
  const { searchParams } = new URL(c.req.url);
  const { last, queue, step } = readQuery(searchParams, ["last", "queue", "step"], START);
  const length = readLast(last ?? DEFAULT_LAST, `${START}: last`);
  return {
    length,
    queue: readQueue(queue),
    step: step === undefined ? usualStep(length) : readStep(step, `${START}: step`, length),
  };
}

function readQueue(queue: string | undefined): string | undefined {
  return queue === undefined
    ? undefined
    : (OPTIONS.queue.kind.readText(queue, `${START}: queue`) as string);
}

function readBy(word: string): Grouping {
  const by = GROUPINGS.find((one) => one === word);
  if (by !== undefined) return by;
  const near = didYouMean(word, GROUPINGS);
  throw new TqError(
    "invalid",
    `${START}: by cannot be ${quote(word)}: it must be one of ${GROUPINGS.join(", ")}${near}`,
  );
}
