/** Says in one sentence how a change of the clock touches a recurring task. */
import { type ClockChange, touches } from "./clock-changes.ts";
import { listed } from "./words.ts";

/** More times than this are counted. */
const MOST_NAMED = 6;

/** @returns null where the change does nothing to it. */
export function clockChangeWords(change: ClockChange): string | null {
  if (!touches(change)) return null;
  const { from, to } = change;
  if (to > from) {
    return `On ${dateOf(from)} the clock goes from ${timeOf(from)} to ${timeOf(to)}: ${lostWords(change)}`;
  }
  // A clock that goes back at midnight repeats times of the day that ends then.
  const isMidnight = dateOf(from - 1) !== dateOf(from);
  const [date, time] = isMidnight ? [dateOf(from - 1), "24:00"] : [dateOf(from), timeOf(from)];
  return `On ${date} the clock goes back from ${time} to ${timeOf(to)}: ${repeatedWords(change)}`;
}

function lostWords({ from, lost, moved }: ClockChange): string {
  const isNext = moved.length > 0 && moved.every((wall) => dateOf(wall) !== dateOf(from));
  const times = `${timesWords(moved)}${isNext ? " the next day" : ""}`;
  const [does, is] = lost.length === 1 ? ["does", "is"] : ["do", "are"];
  const missing = `${timesWords(lost)} ${does} not exist that day`;
  if (moved.length === 0) return `${missing}, and ${is} left out`;
  if (lost.length === 0) return `it runs at ${times} too`;
  if (moved.length === 1) return `${missing}, and it runs once, at ${times}`;
  return `${missing}, and it runs at ${times}`;
}

function repeatedWords({ first, second }: ClockChange): string {
  const all = [...new Set([...first, ...second])].toSorted((a, b) => a - b);
  const twice = `${timesWords(all)} ${all.length === 1 ? "comes" : "come"} twice that day, and it runs`;
  if (second.length === 0) return `${twice} the first time only`;
  if (first.length === 0) return `${twice} the second time only`;
  if (first.length === all.length && second.length === all.length) return `${twice} both times`;
  return `it runs at ${timesWords(first)} the first time, and at ${timesWords(second)} the second time`;
}

function timesWords(walls: readonly number[]): string {
  const times = walls.map(timeOf);
  if (times.length <= MOST_NAMED) return listed(times);
  return `its ${times.length} slots from ${times[0]} to ${times.at(-1)}`;
}

/** @param wall a clock's time, as `wallTime` gives it. */
export function dateOf(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10);
}

/** `02:30`; with its seconds where it has some. */
export function timeOf(wall: number): string {
  return new Date(wall).toISOString().slice(11, 19).replace(/:00$/, "");
}
