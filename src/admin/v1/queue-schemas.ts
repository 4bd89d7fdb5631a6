/** The schemas of queues in the answers of `/api/v1`. */
import * as v from "valibot";
import { COUNTED_STATES, type QueueInfo } from "../../store/looking.ts";
import { COUNT, ENDS, isoTime, SPREAD, TIME } from "./schemas.ts";

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
  at_least: v.optional(
    v.pipe(v.literal(true), v.description("There may be more tasks than some of the numbers say")),
  ),
  least: v.optional(v.pipe(v.array(v.picklist(COUNTED_STATES)), v.description("Those numbers"))),
  about: v.optional(
    v.pipe(
      v.partial(v.object(v.entriesFromList(COUNTED_STATES, TIME))),
      v.description("The numbers that are not of now: when they were counted"),
    ),
  ),
  served: v.pipe(v.boolean(), v.description("A live worker takes its tasks")),
  paused: v.boolean(),
  forecast: v.optional(FORECAST),
});

export const QUEUE = v.object({ ...QUEUE_STATUS.entries, last_hour: v.nullable(HOUR) });

export function shownQueue<T extends QueueInfo>({ about, ...queue }: T) {
  if (about === undefined) return queue;
  const times = Object.entries(about).map(([state, at]) => [state, isoTime(at)]);
  return { ...queue, about: Object.fromEntries(times) as Record<string, string> };
}
