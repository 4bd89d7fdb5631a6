/** The findings of a trial of a task, as text for people and as JSON. */
import type { Outcome } from "../../src/outcome.ts";
import { printable } from "../../src/printable.ts";
import type { Trial, TrialEnd } from "../../src/run/trial.ts";
import type { RowChange, TrialChanges, TrialRow } from "../../src/store/trial.ts";
import { calledMethod, callWords, type Task } from "../../src/task.ts";
import { parseExactly } from "../../src/values/exact-json.ts";
import { formatDuration } from "../../src/values/duration.ts";
import { progressWords } from "../../src/tasks/progress-words.ts";
import { table } from "./table.ts";
import { counted, formatTime } from "./text.ts";
import { paint, type Style, type Terminal } from "./terminal.ts";

/** Texts of a value are cut to so many characters in the table; the JSON has more. */
const VALUE_CHARACTERS = 60;

/** @param id of the task; null: a call was tried. */
export function trialData({ task }: Trial, end: TrialEnd, id: number | null): object {
  const { outcome, ran, changes, followUps, output } = end;
  return {
    task: id,
    model: task.model,
    method: calledMethod(task),
    attempt: task.attempt,
    outcome: outcome.kind,
    result: outcome.kind === "finished" ? parseExactly(outcome.result ?? "null") : null,
    reason: "reason" in outcome ? outcome.reason : null,
    delay: "delay" in outcome ? outcome.delay : null,
    error: "error" in outcome ? outcome.error : null,
    ran: Math.round(ran),
    changes: changes?.rows ?? [],
    more_changes: changes?.more ?? 0,
    created_tables: changes?.created ?? [],
    dropped_tables: changes?.dropped ?? [],
    pushed: changes?.pushed ?? followUps,
    more_pushed: changes?.morePushed ?? 0,
    output: output.lines,
    progress: output.progress,
  };
}

export function trialText(trial: Trial, end: TrialEnd, terminal: Terminal): string {
  const { outcome, ran, changes, followUps, output } = end;
  const [style, words] = verdict(trial, outcome);
  const { task } = trial;
  const again = task.attempt > 1 ? ` (run ${task.attempt})` : "";
  const head = `${callWords(task)}${again} ${words}, after ${formatDuration(Math.round(ran))}`;
  const progress = output.progress && progressWords(output.progress);
  const parts = [
    [
      paint(terminal, style, printable(head)),
      ...errorLines(outcome),
      ...resultLines(outcome),
      ...(progress === null ? [] : [`progress  ${printable(progress)}`]),
    ].join("\n"),
    ...(changes ? changeParts(changes, terminal) : undoneParts(followUps, terminal)),
  ];
  return parts.join("\n\n");
}

function verdict({ task, attempts }: Trial, outcome: Outcome): [Style, string] {
  switch (outcome.kind) {
    case "finished":
      return ["green", `would have finished${outcome.reason ? `: ${outcome.reason}` : ""}`];
    case "failed":
      return ["red", "would have failed"];
    case "retry": {
      const next = `in ${formatDuration(outcome.delay)}`;
      return [
        "red",
        `would have failed, attempt ${task.failures + 1} of ${attempts}, and been tried again ${next}`,
      ];
    }
    case "snoozed":
      return ["yellow", `would have been put off for ${formatDuration(outcome.delay)}`];
    case "cancelled":
      return ["yellow", `would have been cancelled: ${outcome.reason}`];
    case "postponed":
      return ["red", "would have been put off by the database"];
    case "interrupted":
      return ["red", `would have been interrupted: ${outcome.reason}`];
  }
}

function errorLines(outcome: Outcome): string[] {
  if (!("error" in outcome)) return [];
  const { name, message, stack } = outcome.error;
  const frames = (stack ?? "").split("\n");
  const first = frames.findIndex((line) => /^(?:\s+at |caused by |one of its errors: )/.test(line));
  const lines = [`${name}: ${message}`, ...(first === -1 ? [] : frames.slice(first))];
  return lines.flatMap((line) => line.split("\n")).map((line) => `  ${printable(line)}`);
}

function resultLines(outcome: Outcome): string[] {
  if (outcome.kind !== "finished" || outcome.result === null) return [];
  return [`result  ${printable(short(outcome.result, 200))}`];
}

function changeParts(changes: TrialChanges, terminal: Terminal): string[] {
  const { rows, more, created, dropped, pushed, morePushed } = changes;
  const lines = [
    ...created.map((name) => `It would have made the table ${name}.`),
    ...dropped.map((name) => `It would have dropped the table ${name}.`),
  ];
  const rest = more === 0 ? [] : [`and ${counted(more, "row")} more`];
  const restPushed = morePushed === 0 ? [] : [`and ${counted(morePushed, "task")} more`];
  return [
    rows.length === 0 && lines.length === 0 && more === 0
      ? "It would have changed no row."
      : [...lines, ...(rows.length > 0 ? [rowTable(rows, terminal)] : []), ...rest].join("\n"),
    ...(pushed.length === 0 ? [] : [[pushedTable(pushed, terminal), ...restPushed].join("\n")]),
  ];
}

function undoneParts(followUps: readonly Task[], terminal: Terminal): string[] {
  const undone = "All that it did would have been undone.";
  if (followUps.length === 0) return [undone];
  return [
    `${undone} Its failure would have pushed a task (onFailed).`,
    pushedTable(followUps, terminal),
  ];
}

function rowTable(rows: readonly RowChange[], terminal: Terminal): string {
  return table(
    [
      { title: "TABLE", min: 8, givesWay: true },
      { title: "ID" },
      { title: "CHANGE" },
      { title: "VALUES", min: 20 },
    ],
    rows.map((row) => [row.table, String(row.id), row.change, valuesOf(row)]),
    { width: terminal.width, heading: (text) => paint(terminal, "bold", text) },
  );
}

function valuesOf({ before, after }: RowChange): string {
  if (before === null || after === null) return listed(before ?? after ?? {});
  return Object.keys(after)
    .map((column) => `${column}: ${valueOf(before[column])} → ${valueOf(after[column])}`)
    .join(", ");
}

function listed(row: TrialRow): string {
  return Object.entries(row)
    .map(([column, value]) => `${column}: ${valueOf(value)}`)
    .join(", ");
}

function valueOf(value: TrialRow[string] | undefined): string {
  return short(JSON.stringify(value ?? null), VALUE_CHARACTERS);
}

function short(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters)}…`.toWellFormed() : text;
}

function pushedTable(tasks: readonly Task[], terminal: Terminal): string {
  return table(
    [
      { title: "WOULD HAVE PUSHED", min: 12 },
      { title: "INSTANCES", min: 9 },
      { title: "ARGS", min: 10 },
      { title: "QUEUE", min: 6, givesWay: true },
      { title: "SCHEDULED" },
    ],
    tasks.map((task) => [
      callWords(task),
      calledMethod(task) === null ? "" : short(JSON.stringify(task.instances), VALUE_CHARACTERS),
      short(JSON.stringify(task.args), VALUE_CHARACTERS),
      task.queue,
      formatTime(task.scheduled_at),
    ]),
    { width: terminal.width, heading: (text) => paint(terminal, "bold", text) },
  );
}
