/** The schemas of queues in the answers of `/api/v1`. */
import * as v from "valibot";
import { COUNT, ENDS, SPREAD } from "./schemas.ts";

const FORECAST = v.object({
  ended_per_minute: v.number(),
  within: v.pipe(v.number(), v.description("The ms whose rate this is")),
  come_per_minute: v.nullable(v.number()),
  empty_in: v.pipe(
    v.nullable(v.number()),
    v.description("In ms; null: it does not become shorter"),
  ),
  at_least: v.optional(v.literal(true)),
  misses: v.nullable(
    v.object({
      count: COUNT,
      at_least: v.optional(v.literal(true)),
      first: v.number(),
      by: v.pipe(v.number(), v.description("How late it ends, in ms")),
    }),
  ),
});

export const HOUR = v.object({
  ...ENDS.entries,
  wait: v.nullable(SPREAD),
  late_start: v.nullable(SPREAD),
  late_end: v.nullable(SPREAD),
});

export const QUEUE_STATUS = v.object({
  queue: v.string(),
  scheduled: COUNT,
  ready: COUNT,
  running: COUNT,
  failed: COUNT,
  at_least: v.optional(v.pipe(v.literal(true), v.description("There are more ready tasks"))),
  served: v.pipe(v.boolean(), v.description("A live worker takes its tasks")),
  paused: v.boolean(),
  forecast: v.optional(FORECAST),
});

export const QUEUE = v.object({ ...QUEUE_STATUS.entries, last_hour: v.nullable(HOUR) });
