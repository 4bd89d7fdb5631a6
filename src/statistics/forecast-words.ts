/** The forecast of a queue in words. */
import { formatDuration } from "../values/duration.ts";
import type { Forecast } from "./forecast.ts";

/** `empty in about 5 min (at the rate of the last 10 min)` */
export function forecastWords(forecast: Forecast): string {
  const rate = `at the rate of the last ${formatDuration(forecast.within)}`;
  return `${[emptyWords(forecast), ...missWords(forecast)].join("; ")} (${rate})`;
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
