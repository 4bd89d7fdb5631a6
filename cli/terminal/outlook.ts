/** How late the queues were in the last hour, and what becomes of them, as `tq status` says it. */
import { printable } from "../../src/printable.ts";
import type { Forecast } from "../../src/statistics/forecast.ts";
import type { QueueStatus, StoreStatus } from "../../src/store/looking.ts";
import { formatDuration } from "../../src/values/duration.ts";
import { spreadTable } from "./statistics.ts";
import type { Terminal } from "./terminal.ts";
import { wrapped } from "./text.ts";

export function outlookLines(
  { queues, last_hour: hours }: Pick<StoreStatus, "queues" | "last_hour">,
  terminal: Terminal,
): string[] {
  const rows = hours.map((hour) => ({ ...hour, name: hour.queue }));
  const late = spreadTable(
    "last hour",
    rows,
    [
      ["waited", ({ wait }) => wait],
      ["late", (row) => row.late_end],
    ],
    terminal,
  );
  const forecasts = queues.flatMap((status) => {
    const words = forecastWords(status);
    return words === null ? [] : [wrapped(words, terminal.width)];
  });
  return [
    ...(late === null ? [] : ["", late]),
    ...(forecasts.length === 0 ? [] : ["", ...forecasts]),
  ];
}

/** Foretells the queue in words; null where no rate is known. */
function forecastWords({ queue, forecast }: QueueStatus): string | null {
  if (forecast === undefined) return null;
  const rate = `at the rate of the last ${formatDuration(forecast.within)}`;
  return `${printable(queue)}: ${[emptyWords(forecast), ...missWords(forecast)].join("; ")} (${rate})`;
}

/** Where fewer tasks than this share come more or less than end, the queue stays as it is. */
const SAME = 0.05;

function emptyWords({
  ended_per_minute: end,
  come_per_minute: come,
  empty_in,
  at_least,
}: Forecast) {
  if (come !== null && come > 0 && Math.abs(come - end) <= SAME * end) {
    return `stays as it is: ${rounded(come)} a minute come, ${rounded(end)} end`;
  }
  if (empty_in === null) return `grows: ${rounded(come ?? 0)} a minute come, ${rounded(end)} end`;
  const about = `empty in ${at_least ? "at least" : "about"} ${aboutLength(empty_in)}`;
  return come === null ? `${about}, if no more come` : about;
}

function missWords({ misses }: Forecast): string[] {
  if (misses === null) return [];
  const { count, at_least, first, by } = misses;
  const tasks = `${count}${at_least ? "+" : ""} ${count === 1 ? "task" : "tasks"}`;
  if (count === 1) return [`task ${first} will miss its expected_at by ${aboutLength(by)}`];
  return [`${tasks} will miss their expected_at, the first, ${first}, by ${aboutLength(by)}`];
}

/** A length in one unit: the rest would claim what is not known. */
function aboutLength(ms: number): string {
  const [amount = "", unit = ""] = formatDuration(ms).split(" ");
  return `${Math.round(Number(amount))} ${unit}`;
}

function rounded(rate: number): string {
  return String(rate < 9.95 ? Math.round(rate * 10) / 10 : Math.round(rate));
}
