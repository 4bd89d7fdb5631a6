/** A schedule explained, as text for people. */
import { printable } from "../../src/printable.ts";
import {
  changeSentences,
  type Explanation,
  INTERVAL_WORDS,
  type NamedExplanation,
} from "../../src/tasks/cron/explanation.ts";
import { type Column, table } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";
import { wrapped } from "./text.ts";

export function explanationText(given: NamedExplanation, terminal: Terminal): string {
  const { name, schedule, words, time_zone, clock, days } = given;
  const zone = time_zone === null ? `the zone of this machine, ${clock}` : clock;
  const head = name === null ? schedule : `${name}  ${schedule}`;
  const lines = [
    paint(terminal, "bold", wrapped(printable(head), terminal.width)),
    ...(words === null ? [] : [words]),
    ...(given.interval === null ? [`The clock is that of ${zone}`] : [INTERVAL_WORDS]),
    ...(days === null ? [] : [days]),
  ];
  const sentences = changeSentences(given);
  return [
    ...lines.map((line) => wrapped(line, terminal.width)),
    "",
    timesTable(given, terminal),
    "",
    paint(terminal, "bold", "When the clock changes"),
    ...sentences.map((sentence) => wrapped(printable(sentence), terminal.width)),
  ].join("\n");
}

function timesTable({ next, clock, local }: Explanation, terminal: Terminal): string {
  const zones = [...new Set([clock, "UTC", local])];
  const others = zones
    .slice(1)
    .filter((zone) => next.some(({ slot }) => differ(slot, clock, zone)));
  const columns: Column[] = [
    { title: `next in ${clock}` },
    ...others.map((zone) => ({
      title: zone !== "UTC" ? `here (${zone})` : zone,
      expendable: true,
    })),
  ];
  const rows = next.map(({ slot }) => [
    zonedTime(slot, clock),
    ...others.map((zone) => shortTime(slot, zone)),
  ]);
  const heading = (line: string) => paint(terminal, "bold", line);
  return table(columns, rows, { width: terminal.width, heading });
}

function differ(slot: number, one: string, other: string): boolean {
  return zonedTime(slot, one) !== zonedTime(slot, other);
}

/** `Mon 2026-11-30 02:30 +01:00` */
function zonedTime(slot: number, zone: string): string {
  return `${shortTime(slot, zone)} ${inZone(slot, zone).offset}`;
}

function shortTime(slot: number, zone: string): string {
  const time = inZone(slot, zone);
  const day = DAYS[time.dayOfWeek - 1] ?? "";
  const clock = time.toPlainTime().toString({ smallestUnit: "second" });
  return `${day} ${time.toPlainDate().toString()} ${clock.replace(/:00$/, "")}`;
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function inZone(slot: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(zone);
}
