/** Tasks as text for people: a table of many, a block for one. */
import { formatDuration } from "../../src/values/duration.ts";
import type { Task, TaskError, TaskState } from "../../src/task.ts";
import { block, table } from "./table.ts";
import type { Column } from "./table.ts";
import { paint } from "./terminal.ts";
import type { Style, Terminal } from "./terminal.ts";
import { printable } from "../../src/printable.ts";
import { cut, formatTime, formatTimeIn } from "./text.ts";

const COLUMNS: readonly Column[] = [
  { title: "id", align: "right" },
  { title: "state" },
  { title: "queue", min: 8 },
  { title: "call", min: 12 },
  { title: "instances", min: 9 },
  { title: "tries", align: "right" },
  { title: "time" },
  { title: "reason", min: 10 },
];

const STYLES: Record<TaskState, Style> = {
  scheduled: "blue",
  ready: "cyan",
  running: "yellow",
  finished: "green",
  failed: "red",
  cancelled: "dim",
};

export function taskTable(tasks: readonly Task[], terminal: Terminal): string {
  const { width } = terminal;
  const rows = tasks.map((task) => [
    String(task.id),
    task.state,
    task.queue,
    `${task.model}.${task.method}`,
    compact(task.instances),
    String(task.attempts),
    formatTimeIn(width, timeOf(task)),
    task.reason ?? "",
  ]);
  const text = table(COLUMNS, rows, { width, heading: (line) => paint(terminal, "bold", line) });
  if (!terminal.colour) return text;
  const [heading = "", ...lines] = text.split("\n");
  // The state is the second word of a line, after the id.
  const painted = lines.map((line) =>
    line.replace(/^( *\d+ +)([a-z]+)/, (whole, id: string, word: string) => {
      const style = Object.hasOwn(STYLES, word) ? STYLES[word as TaskState] : undefined;
      return style === undefined ? whole : id + paint(terminal, style, word);
    }),
  );
  return [heading, ...painted].join("\n");
}

/** When the task entered its state; for a scheduled task, when it is due. */
function timeOf(task: Task): number | null {
  switch (task.state) {
    case "scheduled":
      return task.scheduled_at;
    case "ready":
      return task.enqueued_at;
    case "running":
      return task.dequeued_at;
    case "finished":
    case "failed":
    case "cancelled":
      return task.finished_at;
  }
}

/** One task, and below it its errors with their stacks. */
export function taskBlock(task: Task, errors: readonly TaskError[], terminal: Terminal): string {
  const { dequeued_at: began, finished_at: ended } = task;
  const text = block([
    ["task", String(task.id)],
    ["state", task.state],
    ["reason", task.reason ?? ""],
    ["call", `${task.model}.${task.method}`],
    ["instances", compact(task.instances)],
    ["args", compact(task.args)],
    ["user", String(task.user)],
    ["context", compact(task.context)],
    ["queue", task.queue],
    ["priority", String(task.priority)],
    ["ref", task.ref ?? ""],
    ["enqueued", formatTime(task.enqueued_at)],
    ["scheduled", formatTime(task.scheduled_at)],
    ["expected", formatTime(task.expected_at)],
    ["dequeued", formatTime(began)],
    ["finished", formatTime(ended)],
    [
      "claimed", // the log has the time of the run alone
      began !== null && ended !== null && ended >= began ? formatDuration(ended - began) : "",
    ],
    ["attempts", String(task.attempts)],
    ["crashes", task.crashes === 0 ? "" : String(task.crashes)],
    ["worker", task.worker ?? ""],
    ["result", task.result === null ? "" : compact(task.result)],
  ]);
  return [text, ...errors.map((error) => errorBlock(error, terminal))].join("\n\n");
}

function errorBlock(error: TaskError, terminal: Terminal): string {
  const times = error.count === 1 ? "" : `, ${error.count} times`;
  const head = `attempt ${error.attempt}${times}, ${formatTime(error.last_at)}`;
  const lines = [`${error.name}: ${error.message}`, ...stackLines(error)];
  return [
    `${paint(terminal, "red", "error")} (${head})`,
    ...lines.flatMap((line) => line.split("\n")).map((line) => `  ${printable(line)}`),
  ].join("\n");
}

/** Only the frames, as the block shows the message already. */
function stackLines({ stack }: TaskError): string[] {
  return (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
}

/** JSON on one line, cut to 200 columns; `tq show --json` prints all of it. */
function compact(value: unknown): string {
  return cut(JSON.stringify(value) ?? "", 200);
}
