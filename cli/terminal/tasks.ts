/** Tasks as text for people: a table of many, a block for one. */
import { formatDuration } from "../../src/values/duration.ts";
import {
  type Attempt,
  callWords,
  isFunctionCall,
  type Task,
  type TaskError,
  type TaskState,
} from "../../src/task.ts";
import { attemptTable } from "./history.ts";
import { block, GAP_WIDTH, table, widthOf } from "./table.ts";
import type { Column } from "./table.ts";
import { paint } from "./terminal.ts";
import type { Style, Terminal } from "./terminal.ts";
import { printable } from "../../src/printable.ts";
import { cut, formatTime, formatTimeIn } from "./text.ts";

const COLUMNS: readonly Column[] = [
  { title: "id", align: "right" },
  { title: "state" },
  { title: "queue", min: 5, most: 60, givesWay: true, expendable: true },
  { title: "call", min: 12, most: 120 },
  { title: "instances", min: 4, givesWay: true, expendable: true },
  { title: "runs", align: "right", givesWay: true, expendable: true },
  { title: "time" },
];

const REASON: Column = { title: "reason", min: 0 };

/** Where a reason would be cut to less than this, the reasons stand below their tasks. */
const LEAST_REASON_WIDTH = 40;

const INDENT = "    ";

const STYLES: Record<TaskState, Style> = {
  scheduled: "blue",
  ready: "cyan",
  running: "yellow",
  finished: "green",
  failed: "red",
  cancelled: "dim",
};

/** A task of a list; `paused` where it waits. */
type Listed = Task & { readonly paused?: boolean };

export function taskTable(tasks: readonly Listed[], terminal: Terminal): string {
  const { width } = terminal;
  const rows = tasks.map((task) => cellsOf(task, width));
  const reasons = tasks.map(({ reason }) => printable(reason ?? ""));
  const heading = (line: string): string => paint(terminal, "bold", line);
  const room = (terminalWidth: number): number =>
    terminalWidth - widthOf(table(COLUMNS, rows, { width }).split("\n")) - GAP_WIDTH;
  if (width === null || reasonsFit(reasons, room(width))) {
    const all = rows.map((row, at) => [...row, tasks[at]?.reason ?? ""]);
    return painted(table([...COLUMNS, REASON], all, { width, heading }), terminal).join("\n");
  }
  const [head = "", ...lines] = painted(table(COLUMNS, rows, { width, heading }), terminal);
  const below = (at: number): string[] => {
    const reason = reasons[at] ?? "";
    return reason === "" ? [] : [INDENT + cut(reason, width - INDENT.length)];
  };
  return [head, ...lines.flatMap((line, at) => [line, ...below(at)])].join("\n");
}

function reasonsFit(reasons: readonly string[], room: number): boolean {
  return room >= Math.min(LEAST_REASON_WIDTH, widthOf(reasons));
}

function cellsOf(task: Listed, width: number | null): string[] {
  return [
    String(task.id),
    stateWords(task),
    task.queue,
    callWords(task),
    isFunctionCall(task) ? "" : compact(task.instances),
    String(task.attempts),
    formatTimeIn(width, timeOf(task)),
  ];
}

function stateWords({ state, paused }: Listed): string {
  return paused === true ? `${state} (paused)` : state;
}

/** The lines of a table, each with its state in colour: the second word, after the id. */
function painted(text: string, terminal: Terminal): string[] {
  const [heading = "", ...lines] = text.split("\n");
  if (!terminal.colour) return [heading, ...lines];
  const paintState = (line: string): string =>
    line.replace(/^( *\d+ +)([a-z]+)/, (whole, id: string, word: string) => {
      const style = Object.hasOwn(STYLES, word) ? STYLES[word as TaskState] : undefined;
      return style === undefined ? whole : id + paint(terminal, style, word);
    });
  return [heading, ...lines.map(paintState)];
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

/** A task as `tq show` has it. */
export interface ShownTask {
  readonly task: Listed;
  /** The pauses that hold it, in words; null: none does. */
  readonly held: string | null;
  readonly attempts: readonly Attempt[];
  readonly errors: readonly TaskError[];
}

/** One task, and below it its runs and its errors with their stacks. */
export function taskBlock({ task, held, attempts, errors }: ShownTask, terminal: Terminal): string {
  const { dequeued_at: began, finished_at: ended } = task;
  const text = block([
    ["task", String(task.id)],
    ["state", stateWords(task)],
    ["paused", held ?? ""],
    ["reason", task.reason ?? ""],
    ["call", callWords(task)],
    ["instances", isFunctionCall(task) ? "" : compact(task.instances)],
    ["args", compact(task.args)],
    ["user", String(task.user)],
    ["context", compact(task.context)],
    ["queue", task.queue],
    ["priority", String(task.priority)],
    ["ref", task.ref ?? ""],
    ["enqueued", formatTime(task.enqueued_at)],
    ["scheduled", formatTime(task.scheduled_at)],
    ["expected", formatTime(task.expected_at)],
    ["expires", formatTime(task.expires_at)],
    ["dequeued", formatTime(began)],
    ["finished", formatTime(ended)],
    [
      "claimed", // from the claim to the end, the wait in a batch too; the log has the time of the run alone
      began !== null && ended !== null && ended >= began ? formatDuration(ended - began) : "",
    ],
    ["runs", String(task.attempts)], // not "attempts", which is the limit in the table of the policy
    ["failures", [0, task.attempts].includes(task.failures) ? "" : String(task.failures)],
    ["snoozes", task.snoozes === 0 ? "" : String(task.snoozes)],
    ["crashes", task.crashes === 0 ? "" : String(task.crashes)],
    ["worker", task.worker ?? ""],
    ["result", task.result === null ? "" : compact(task.result)],
  ]);
  const runs = attemptTable(attempts, terminal);
  const parts = [text, runs, ...errors.map((error) => errorBlock(error, terminal))];
  return parts.filter((part) => part !== "").join("\n\n");
}

function errorBlock(error: TaskError, terminal: Terminal): string {
  const times = error.count === 1 ? "" : `, ${error.count} times`;
  const head = `run ${error.attempt}${times}, ${formatTime(error.last_at)}`;
  const lines = [`${error.name}: ${error.message}`, ...stackLines(error)];
  return [
    `${paint(terminal, "red", "error")} (${head})`,
    ...lines.flatMap((line) => line.split("\n")).map((line) => `  ${printable(line)}`),
  ].join("\n");
}

/** The frames and the causes, as the block shows the message already. */
function stackLines({ stack }: TaskError): string[] {
  const lines = (stack ?? "").split("\n");
  const first = lines.findIndex((line) => /^(?:\s+at |caused by |one of its errors: )/.test(line));
  return first === -1 ? [] : lines.slice(first);
}

/** JSON on one line, cut to 200 columns; `tq show --json` prints all of it. */
function compact(value: unknown): string {
  return cut(JSON.stringify(value) ?? "", 200);
}
