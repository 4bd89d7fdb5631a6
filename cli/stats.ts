/** `tq stats`: how many tasks ran, how long they waited and took, and how late they were. */
import { OTHERS } from "../src/statistics/counts.ts";
import { OPTIONS } from "../src/push/task-options.ts";
import type { Store } from "../src/store/store.ts";
import {
  defaultGrouping,
  type Group,
  type GroupedStatistics,
  type GroupKey,
  type Grouping,
  GROUPINGS,
  groupStatistics,
  type WantedStatistics,
} from "../src/tasks/statistics/groups.ts";
import { DEFAULT_LAST, readLast } from "../src/tasks/statistics/span.ts";
import { DAY_MS, formatDuration, HOUR_MS, MINUTE_MS } from "../src/values/duration.ts";
import { TqError } from "../src/errors.ts";
import { isPattern } from "../src/patterns.ts";
import { quote } from "../src/quote.ts";
import { command } from "./command/command.ts";
import { type AnyConfig, type Program, toLook } from "./command/program.ts";
import { methodsNamedCall } from "./command/named-call.ts";
import { unknownNameWords } from "./command/unknown-names.ts";
import { readWords } from "./command/values.ts";
import { endsTable, type NamedSummary, spreadTable, taskName } from "./terminal/statistics.ts";
import { formatTime, wrapped } from "./terminal/text.ts";
import { paint, type Terminal } from "./terminal/terminal.ts";

export const stats = command({
  name: "stats",
  description: "Show how many tasks ran, how long they waited and took, and how late they were",
  examples: [
    ["tq stats --last day", "All queues"],
    ["tq stats print --by hour", "One queue, hour by hour"],
  ],
  flags: {
    queue: {
      type: "positional",
      required: false,
      description: "Only tasks of this queue; * and ? make a pattern",
    },
    last: {
      type: "string",
      valueHint: "hour|day|week|TIME",
      description: "How far back: hour, day, week, or a length such as 90m or 30d (default: hour)",
    },
    by: {
      type: "string",
      valueHint: GROUPINGS.join("|"),
      description: `Add up by ${GROUPINGS.join(", ")} (default: queue; for one queue: task)`,
    },
  },
  run: async ({ queue: given, last, by: word }, program) => {
    const queue = given === undefined ? undefined : OPTIONS.queue.kind.readText(given, "QUEUE");
    const length = readLast(last ?? DEFAULT_LAST, "--last");
    const by = word === undefined ? defaultGrouping(queue) : readBy(word);
    const line = program.countLine();
    const tell = () => line.show(() => "adds up the runs");
    const found = await findThere(program.anyConfig(), { queue, by, length }, tell);
    line.end();
    program.answer(found.data, () => textOf(found.data, by, length, program.terminal));
    if (found.data.groups.length === 0) sayNone(program, found.unknown);
  },
});

function isOneQueue(queue: string | null | undefined): queue is string {
  return typeof queue === "string" && !isPattern(queue);
}

function readBy(word: string): Grouping {
  const [by = "queue", ...more] = readWords(word, "--by", GROUPINGS);
  if (more.length === 0) return by;
  throw new TqError("invalid", `--by cannot be ${quote(word)}: it must be one word`);
}

/** A group with its name for people. */
type Named = Group & NamedSummary;

interface Answer extends GroupedStatistics {
  readonly groups: readonly Named[];
  readonly failures: readonly (GroupedStatistics["failures"][number] & { readonly name: string })[];
}

interface Found {
  readonly data: Answer;
  /** Sentences on names that no task has. */
  readonly unknown: readonly string[];
}

async function findThere(
  config: AnyConfig,
  wanted: WantedStatistics,
  tell: () => void,
): Promise<Found> {
  if (config.remote === undefined) {
    return toLook(config, async (store) => {
      return named(store, await groupStatistics(store, wanted, tell), wanted);
    });
  }
  const { openRemote } = await import("./remote/open.ts");
  const box = openRemote(config.remote);
  return named(box.asStore(), await box.statistics(wanted), wanted);
}

async function named(
  store: Store,
  found: GroupedStatistics,
  { queue }: WantedStatistics,
): Promise<Found> {
  const methods = await methodsNamedCall(store, [...found.groups, ...found.failures]);
  const groups = found.groups.map((group) => ({ ...group, name: nameOf(group, methods) }));
  const failures = found.failures.map((task) => {
    return { ...task, name: taskName(task, methods.has(task.model)) };
  });
  const unknown =
    groups.length === 0 && queue !== undefined ? await unknownNameWords(store, { queue }) : [];
  return { data: { ...found, groups, failures }, unknown };
}

function nameOf(
  { queue, model = "", method = "", at }: GroupKey,
  methods: ReadonlySet<string>,
): string {
  if (queue !== undefined) return queue;
  if (at !== undefined) return formatTime(at).slice(0, "2026-07-31 14:05".length);
  return taskName({ model, method }, methods.has(model));
}

function sayNone(program: Program, unknown: readonly string[]): void {
  for (const sentence of unknown) program.note(sentence);
  if (unknown.length === 0) program.note("A worker writes its statistics as each minute ends");
}

/** More rows, and more failures, are only counted. */
const MOST_ROWS = 40;
const MOST_FAILURES = 10;

function textOf(
  { groups, since, until, failures: failing, queue }: Answer,
  by: Grouping,
  length: number,
  terminal: Terminal,
): string {
  const of = queue === null ? "" : ` of ${isOneQueue(queue) ? "queue" : "queues"} ${queue}`;
  const span = length === HOUR_MS ? "hour" : length === DAY_MS ? "day" : formatDuration(length);
  if (groups.length === 0) return `The statistics of the last ${span} have no runs${of}`;
  const title = (text: string): string => paint(terminal, "bold", wrapped(text, terminal.width));
  const rows = by === "hour" ? groups : groups.slice(0, MOST_ROWS);
  const over = Math.floor(until / MINUTE_MS) * MINUTE_MS; // the present minute is not written yet
  const within = ({ at = since }: Named): number => {
    const end = by === "hour" ? Math.min(at + HOUR_MS, over) : over;
    return Math.max(end - Math.max(at, since), MINUTE_MS);
  };
  const waits = spreadTable(
    by,
    rows,
    [
      ["wait", ({ wait }) => wait],
      ["run", ({ run }) => run],
    ],
    terminal,
  );
  const late = spreadTable(
    by,
    rows,
    [
      ["start", (row) => row.late_start],
      ["end", (row) => row.late_end],
    ],
    terminal,
  );
  const more = groups.length - rows.length;
  const failed = failing.slice(0, MOST_FAILURES);
  return [
    title(`Tasks${of} that ended in the last ${span}`),
    endsTable(by, rows, within, terminal),
    ...(more > 0 ? [`and ${more} more: --json has them all`] : []),
    ...(waits === null ? [] : ["", title("How long they waited for a thread, and ran"), waits]),
    ...(late === null
      ? []
      : ["", title("How late they started after scheduled_at, and ended after expected_at"), late]),
    ...(failed.length === 0 || by === "task"
      ? []
      : ["", title("Where runs failed"), ...failed.map((task) => failureLine(task, queue))]),
    ...(failing.length > failed.length && by !== "task"
      ? [`and ${failing.length - failed.length} more: --by task`]
      : []),
  ].join("\n");
}

function failureLine(task: Answer["failures"][number], asked: string | null): string {
  const { queue, name, failed, retried, crashed } = task;
  const where = !isOneQueue(asked) && name !== OTHERS ? ` (queue ${queue})` : "";
  const words = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(crashed > 0 ? [`${crashed} crashed`] : []),
    ...(retried > 0 ? [`${retried} retried`] : []),
  ];
  return `  ${name}${where}: ${words.join(", ")}`;
}
