/** The peculiarities of a recurring task, in words: a pause, an edit, a file that has changed. */
import type { CronPause } from "../../cron/ledger.ts";
import { placeOf } from "../../cron/origin.ts";
import { quote } from "../../quote.ts";
import type { Listed } from "./listed.ts";
import type { RecurringSlot } from "./recurring.ts";

/** @param time writes a time for the reader. Names and reasons are as they were given. */
export function recurringMarks(task: Listed, time: (at: number) => string): string[] {
  const { edited, pause, removed_at: removed, waiting, last, decided_ahead: ahead } = task;
  return [
    ...(pause === null ? [] : [cronPauseWords(pause, time)]),
    ...(edited === null ? [] : [editedWords(edited)]),
    ...(removed === null ? [] : [`removed from its file ${time(removed)}`]),
    ...(waiting === null
      ? []
      : [`the slot of ${time(waiting)} waits: ${waitingReason(waiting, last)}`]),
    ...(ahead === null || removed !== null
      ? []
      : [
          `silent until ${time(ahead)}: its slots up to then are decided, as the clock was set back`,
        ]),
    ...(task.in_database && !task.held && removed === null ? [waitsWords(task)] : []),
    ...(task.others.length === 0 ? [] : [`${task.others.join(", ")} ${othersWords(task)}`]),
    ...(task.in_database ? [] : ["not taken up yet: a worker does so when it starts"]),
    ...(task.is_unknown ? [`no live worker has ${task.task} in its models: its tasks fail`] : []),
    ...(task.lacks_instances
      ? [`${task.task} is called on records, and no instances are said: its tasks do nothing`]
      : []),
    ...(task.outdated ? [`its file has changed: a worker takes that up ${whenTaken(task)}`] : []),
  ];
}

function waitsWords({ origin }: Listed): string {
  const { host } = placeOf(origin);
  return host === null
    ? "waits for a worker that has its file"
    : `waits for a worker of ${host}, which had it last`;
}

function othersWords({ origin, others }: Listed): string {
  const says = others.length === 1 ? "says" : "say";
  const { host } = placeOf(origin);
  const until = host === null ? "" : ` as long as a worker of ${host} lives`;
  return `${says} another thing of it, which does not count${until}`;
}

/** Models are read at the start of a worker alone. */
function whenTaken({ held, origin }: Listed): string {
  return held && origin.endsWith(".toml")
    ? "within seconds, unless its log says why not"
    : "when it starts";
}

function waitingReason(waiting: number, last: RecurringSlot | null): string {
  if (last?.slot === waiting && last.reason !== null) return last.reason;
  return "the task before it has not ended";
}

function editedWords(edited: Readonly<Record<string, unknown>>): string {
  const keys = Object.entries(edited).map(
    ([key, value]) => `${key} = ${typeof value === "string" ? value : quote(value)}`,
  );
  return `edited: ${keys.join(", ")}`;
}

/** `paused by root@shop since 2026-11-29 14:05:09 until …: stocktaking` */
export function cronPauseWords(
  { by, at, reason, until }: CronPause,
  time: (at: number) => string,
): string {
  const end = until === null ? "" : ` until ${time(until)}`;
  return `paused by ${by} since ${time(at)}${end}${reason === null ? "" : `: ${reason}`}`;
}
