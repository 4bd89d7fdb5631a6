/** The fields that say when. */
import * as v from "valibot";
import { type DurationFields, parseShort, toMilliseconds } from "../../values/duration.ts";
import { TqError } from "../../errors.ts";
import { OBJECT } from "./json-fields.ts";

/** A time, once one knows what time it is. */
type At = (now: number) => number;

const MAX_TIME = 8_640_000_000_000_000;
/** 1973: a smaller number was meant as seconds, or as a length of time. */
const MIN_TIME = 100_000_000_000;
const TIME = `a length of time from now like "5m" or {"minutes": 5}, or ms since 1970 UTC`;

/** A length of time from now, or, as `tq_push` takes it, an integer: ms since 1970 UTC. */
export const AT = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, At>(({ dataset: { value }, addIssue, NEVER }) => {
    try {
      return timeOf(value);
    } catch (error) {
      addIssue({ message: error instanceof TqError ? error.message : TIME });
      return NEVER;
    }
  }),
);

function timeOf(value: unknown): At {
  if (typeof value === "number") {
    if (Number.isInteger(value) && value >= MIN_TIME && value <= MAX_TIME) return () => value;
    throw new TqError("invalid", `: ${value} is not a time in ms since 1970 UTC; give ${TIME}`);
  }
  const isFields = v.is(OBJECT, value);
  if (typeof value !== "string" && !isFields) throw new TqError("invalid", TIME);
  const ms = isFields ? toMilliseconds(value as DurationFields, "") : parseShort(value, "");
  return (now) => Math.min(now + ms, MAX_TIME);
}
