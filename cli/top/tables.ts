/** The tables of `tq top`. */
import { countWords } from "../../src/store/count-words.ts";
import { isWorker } from "../../src/store/live-workers.ts";
import type { QueueStatus } from "../../src/store/looking.ts";
import { weightiest } from "../../src/store/weightiest.ts";
import type { ThreadRun, WorkerRuns } from "../../src/store/working.ts";
import type { Group } from "../../src/tasks/statistics/groups.ts";
import { progressWords } from "../../src/tasks/progress-words.ts";
import { MINUTE_MS } from "../../src/values/duration.ts";
import { perMinute, shortLength } from "../terminal/statistics.ts";
import { type Column, table } from "../terminal/table.ts";
import { paint, type Terminal } from "../terminal/terminal.ts";
import { stateOf } from "../terminal/workers.ts";
import type { Failure, TopLook } from "./look.ts";
import type { Section } from "./sections.ts";

function right(title: string, more: Partial<Column> = {}): Column {
  return { title, align: "right", ...more };
}

interface Rows<Row> {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly cells: (row: Row) => string[];
  readonly title?: string;
  /** The rows that stay where there is room for so many; default: the first ones. */
  readonly most?: (count: number) => readonly Row[];
}

function section<Row>(
  { columns, rows, cells, title, most = (count) => rows.slice(0, count) }: Rows<Row>,
  terminal: Terminal,
): Section {
  const { width } = terminal;
  const heading = (line: string) => paint(terminal, "bold", line);
  const shown = width === null ? columns.map((column) => ({ ...column, most: Infinity })) : columns;
  return {
    title: title === undefined ? [] : [heading(title)],
    count: rows.length,
    lines: (count) => table(shown, most(count).map(cells), { width, heading }).split("\n"),
    more: (left) => `and ${left} more`,
  };
}

const LEAST_NAME = 8;

/** Where a terminal is too narrow the last ones go first. */
const QUEUE_COLUMNS: readonly Column[] = [
  { title: "queue", min: LEAST_NAME, most: 40 },
  right("ready"),
  right("running", { expendable: true }),
  right("failed", { expendable: true }),
  right("a minute", { expendable: true }),
  right("waited", { expendable: true }),
  right("late", { expendable: true }),
  right("scheduled", { expendable: true }),
];

/** The queues with tasks that have not ended, and those whose tasks end as soon as they come. */
function shownQueues({ status, lately }: TopLook): QueueStatus[] {
  const { queues, last_minute: minute } = status;
  const ended = [...lately.groups, ...minute].flatMap(({ queue }) => queue ?? []);
  const others = [...new Set(ended).difference(new Set(queues.map(({ queue }) => queue)))].map(
    (queue) => ({ ...EMPTY, queue }),
  );
  return [...queues, ...others].sort((a, b) => (a.queue < b.queue ? -1 : 1));
}

const EMPTY = { scheduled: 0, ready: 0, running: 0, failed: 0, served: true, paused: false };

export function queueSection(look: TopLook, terminal: Terminal): Section {
  const { lately } = look;
  const { mode, last_minute: minute } = look.status;
  const now = new Map(minute.map(({ queue, ended }) => [queue, ended]));
  const queues = shownQueues(look);
  const groups = new Map(lately.groups.map((group) => [group.queue, group]));
  const over = Math.floor(lately.until / MINUTE_MS) * MINUTE_MS; // the present minute is not written yet
  const within = Math.max(over - lately.since, MINUTE_MS);
  const marks = queues.map((queue) => markOf(queue, mode === "worker"));
  const isMarked = marks.some((mark) => mark !== "");
  const [name, ...numbers] = QUEUE_COLUMNS as [Column, ...Column[]];
  return section(
    {
      columns: [name, ...(isMarked ? [{ title: "state", expendable: true }] : []), ...numbers],
      rows: queues,
      cells: (queue) => [
        queue.queue,
        ...(isMarked ? [markOf(queue, mode === "worker")] : []),
        ...queueNumbers(queue, groups.get(queue.queue), within, now.get(queue.queue) ?? 0),
      ],
      most: (count) => {
        const shown = new Set(weightiest(queues, count));
        return queues.filter((queue) => shown.has(queue)); // in their order, which does not jump
      },
    },
    terminal,
  );
}

function markOf({ paused, served, ready }: QueueStatus, isAsked: boolean): string {
  if (paused) return "paused";
  return isAsked && !served && ready > 0 ? "not served" : "";
}

/** @param minute the tasks that ended in the last minute, of those that are kept */
function queueNumbers(
  queue: QueueStatus,
  group: Group | undefined,
  within: number,
  minute: number,
): string[] {
  const late = group?.late_end ?? group?.late_start ?? null;
  return [
    countWords(queue, "ready"),
    countWords(queue, "running"),
    countWords(queue, "failed"),
    // Where ended tasks are deleted at once, only the statistics know them.
    minute > 0 ? perMinute(minute, MINUTE_MS) : perMinute(group?.ended ?? 0, within),
    group?.wait ? shortLength(group.wait.p99) : "–",
    late ? shortLength(late.p99) : "–",
    countWords(queue, "scheduled"),
  ];
}

const WORKER_COLUMNS: readonly Column[] = [
  { title: "worker", min: LEAST_NAME, most: 40 },
  { title: "state" },
  right("busy"),
  right("tasks", { expendable: true }),
  { title: "queues", min: 6, most: 60, expendable: true },
  { title: "version", min: 7, givesWay: true, expendable: true },
];

export function workerSection({ workers }: TopLook, terminal: Terminal): Section {
  return section(
    { columns: WORKER_COLUMNS, rows: workers.filter(isWorker), cells: workerCells },
    terminal,
  );
}

function workerName({ host, pid }: WorkerRuns): string {
  return `${host}:${pid}`;
}

function workerCells(worker: WorkerRuns): string[] {
  const { threads, running, queues, version, runs } = worker;
  const busy = `${runs.length}/${threads}`;
  const taken = queues.join(", ") || "all";
  return [workerName(worker), stateOf(worker), busy, String(running), taken, version ?? "older"];
}

/** The run of a thread, and its worker. */
interface RunRow extends ThreadRun {
  readonly worker: string;
}

const THREAD_COLUMNS: readonly Column[] = [
  right("task"),
  { title: "call", min: LEAST_NAME, most: 60 },
  right("for", { expendable: true }),
  { title: "progress", min: 8, most: 40, expendable: true },
  { title: "queue", min: 6, most: 30, expendable: true },
  { title: "thread", min: 6, most: 40, expendable: true },
];

export function threadSection({ at, workers }: TopLook, terminal: Terminal): Section {
  const rows = workers.flatMap((worker) =>
    worker.runs.map((run): RunRow => ({ worker: workerName(worker), ...run })),
  );
  return section(
    { columns: THREAD_COLUMNS, rows: rows, cells: (run) => runCells(run, at) },
    terminal,
  );
}

function runCells({ task, call, since, progress, others, queue, ...run }: RunRow, now: number) {
  const more = others === 0 ? "" : ` +${others}`;
  return [
    String(task),
    `${call}${more}`,
    since === null ? "" : shortLength(Math.max(now - since, 0)),
    progress === null ? "" : progressWords(progress),
    queue,
    `${run.worker} ${run.thread}`,
  ];
}

const FAILURE_COLUMNS: readonly Column[] = [
  { title: "call", min: LEAST_NAME, most: 60 },
  right("failed"),
  right("retried", { expendable: true }),
  right("crashed", { expendable: true }),
  { title: "queue", min: 6, most: 30, expendable: true },
];

export function failureSection({ failures }: TopLook, terminal: Terminal, title: string): Section {
  const cells = ({ name, failed, retried, crashed, queue }: Failure) => {
    return [name, ...[failed, retried, crashed].map(String), queue];
  };
  return section({ columns: FAILURE_COLUMNS, rows: failures, cells, title }, terminal);
}
