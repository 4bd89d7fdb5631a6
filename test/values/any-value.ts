/** Any value that the encoding carries, for properties. */
import * as fc from "fast-check";
import { Decimal } from "../../src/values/decimal.ts";

const { Duration, Instant } = Temporal;

const text = fc.string({ unit: "binary", maxLength: 12 });
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }).map(Number),
);
const instant = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map((ns) => new Instant(ns));
const datetime = fc
  .bigInt({ min: -(10n ** 16n), max: 10n ** 17n })
  .map((micros) => new Instant(micros * 1000n).toZonedDateTimeISO("UTC").toPlainDateTime());
const zone = fc.constantFrom("Europe/Paris", "America/St_Johns", "+05:30", "UTC");
const duration = fc
  .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -999_999, max: 999_999 }))
  .map(([seconds, micros]) => {
    const sum = Duration.from({ seconds }).add({ microseconds: micros });
    return sum.round({ largestUnit: "hours" });
  });
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  number,
  text,
  fc.bigInt(),
  fc.uint8Array({ maxLength: 200 }),
  instant,
  datetime,
  duration,
  datetime.map((value) => value.toPlainDate()),
  datetime.map((value) => value.toPlainTime()),
  fc.tuple(instant, zone).map(([at, place]) => at.toZonedDateTimeISO(place)),
  fc
    .tuple(fc.bigInt(), fc.integer({ min: -40, max: 40 }))
    .map((parts) => new Decimal(parts.join("E"))),
);
const key = fc.oneof(text, fc.constantFrom("__class__", "__proto__", "constructor", "entries"));
export const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, leaf, tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 5 }),
  object: fc
    .array(fc.tuple(key, tie("value")), { maxLength: 5 })
    .map((entries) => Object.fromEntries(entries)),
}));
