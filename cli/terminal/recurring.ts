/** Recurring tasks as text for people. */
import { basename } from "node:path";
import { DATABASE_ORIGIN, type CronPause } from "../../src/cron/ledger.ts";
import { originOf, placeOf } from "../../src/cron/origin.ts";
import { printable } from "../../src/printable.ts";
import type { Listed } from "../../src/tasks/cron/listed.ts";
import { cronPauseWords, recurringMarks } from "../../src/tasks/cron/marks.ts";
import type { RecurringSlot, RecurringTask } from "../../src/tasks/cron/recurring.ts";
import { type Column, table } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";
import { formatTime, formatTimeIn, wrapped } from "./text.ts";

/** A narrower terminal shows the calls and the schedules below the names. */
const WIDE = 120;

/** An even narrower one shows what became of the last slots there, too. */
export const NARROW = 60;

const INDENT = "    ";

const NAME: Column = { title: "name", min: 8 };
const NEXT: Column = { title: "next" };
const LAST: Column = { title: "last" };
const TASK: Column = { title: "task", min: 8 };

const WIDE_COLUMNS: readonly Column[] = [
  NAME,
  { title: "schedule", min: 14 },
  { title: "zone", min: 6, givesWay: true },
  TASK,
  NEXT,
  LAST,
  { title: "from", min: 8, givesWay: true },
];

export function recurringTable(tasks: readonly Listed[], terminal: Terminal): string {
  const { width } = terminal;
  const heading = (line: string) => paint(terminal, "bold", line);
  const marks = tasks.map(marksOf);
  if (width === null) {
    const columns = [...WIDE_COLUMNS, { title: "notes" }];
    const rows = tasks.map((task, at) => [...wideCells(task, width), marks[at]?.join("; ") ?? ""]);
    return table(columns, rows, { width, heading });
  }
  const isWide = width >= WIDE;
  const isNarrow = width < NARROW;
  const columns = isWide ? WIDE_COLUMNS : [NAME, NEXT, ...(isNarrow ? [] : [LAST])];
  const rows = tasks.map((task) => (isWide ? wideCells(task, width) : narrowCells(task, width)));
  const [head = "", ...lines] = table(columns, rows, { width, heading }).split("\n");
  const below = (at: number) => {
    const task = tasks[at];
    if (task === undefined) return [];
    const schedule = isWide ? [] : [scheduleLine(task)];
    const last = isNarrow && task.last !== null ? [`last ${lastWords(task.last, width)}`] : [];
    return [...last, ...schedule, ...(marks[at] ?? [])].flatMap((text) => indented(text, width));
  };
  return [head, ...lines.flatMap((line, at) => [line, ...below(at)])].join("\n");
}

export function indented(text: string, width: number): string[] {
  const lines = wrapped(text, width - INDENT.length).split("\n");
  return lines.map((line) => INDENT + line);
}

function wideCells(task: Listed, width: number | null): string[] {
  const [name = "", next = "", last = "", call = ""] = narrowCells(task, width);
  const { words, schedule, clock, origin } = task;
  return [name, words ?? schedule, clock ?? "local", call, next, last, originShort(origin)];
}

function narrowCells(task: Listed, width: number | null): string[] {
  const next = task.next === null ? "" : formatTimeIn(width, task.next);
  const last = task.last === null ? "" : lastWords(task.last, width);
  return [task.name, next, last, task.task];
}

function scheduleLine(listed: Listed): string {
  const { words, schedule, origin, task } = listed;
  return printable(
    `${task}: ${words ?? schedule}${zoneWords(listed)}, from ${originShort(origin)}`,
  );
}

/** The zone, unless it is that of the workers' machine and of this one. */
function zoneWords({ time_zone, clock }: RecurringTask): string {
  const zone = time_zone ?? (clock === Temporal.Now.timeZoneId() ? null : clock);
  return zone === null ? "" : ` in ${zone}`;
}

function originShort(origin: string): string {
  if (origin === DATABASE_ORIGIN) return origin;
  const { host, path } = placeOf(origin);
  return originOf(basename(path), host);
}

/** `11-29 02:30 finished (41)`, `11-29 02:30 missed` */
function lastWords(last: RecurringSlot, width: number | null): string {
  return `${formatTimeIn(width, last.slot)} ${becameWords(last)}`;
}

export function becameWords({ outcome, task, state }: RecurringSlot): string {
  return outcome === "pushed" ? `${state ?? "pushed"} (${task})` : outcome;
}

function marksOf(task: Listed): string[] {
  return recurringMarks(task, formatTime).map(printable);
}

/** `paused by root@shop since 2026-11-29 14:05:09 until …: stocktaking` */
export function pauseWords(pause: CronPause): string {
  return printable(cronPauseWords(pause, formatTime));
}

/** When it comes: `At 02:30 in Europe/Berlin; next 2026-11-30 02:30:00`. */
export function comesWords(task: RecurringTask): string {
  const { words, schedule, next, pause } = task;
  const when = next === null ? (pause === null ? "" : "; paused") : `; next ${formatTime(next)}`;
  return printable(`${words ?? schedule}${zoneWords(task)}${when}`);
}
