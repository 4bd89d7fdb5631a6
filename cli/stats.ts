/** `tq stats`: how many tasks ran, how long they waited and took, and how late they were. */
import { OTHERS, RunCounts, type Series } from "../src/statistics/counts.ts";
import { type RunSummary, summarize } from "../src/statistics/summary.ts";
import { OPTIONS } from "../src/push/task-options.ts";
import type { StatisticsRow } from "../src/store/statistics-store.ts";
import type { Store } from "../src/store/store.ts";
import {
  DAY_MS,
  formatDuration,
  HOUR_MS,
  MINUTE_MS,
  parseDuration,
} from "../src/values/duration.ts";
import { TqError } from "../src/errors.ts";
import { FUNCTION_METHOD } from "../src/task.ts";
import { isPattern } from "../src/patterns.ts";
import { quote } from "../src/quote.ts";
import { command } from "./command/command.ts";
import { type Program, toLook } from "./command/program.ts";
import { unknownNameWords } from "./command/unknown-names.ts";
import { readWords } from "./command/values.ts";
import { endsTable, type NamedSummary, spreadTable, taskName } from "./terminal/statistics.ts";
import { formatTime, wrapped } from "./terminal/text.ts";
import { paint, type Terminal } from "./terminal/terminal.ts";

const GROUPINGS = ["queue", "task", "hour"] as const;
type By = (typeof GROUPINGS)[number];

const LAST: Record<string, number> = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS };

/** The statistics go back so far. */
const LONGEST_DAYS = 366;

export const stats = command({
  name: "stats",
  description: "Show how many tasks ran, how long they waited and took, and how late they were",
  flags: {
    queue: {
      type: "positional",
      required: false,
      description: "Only tasks of this queue; * and ? make a pattern",
    },
    last: {
      type: "string",
      valueHint: "TIME",
      description: "How far back: hour, day, week, or a length such as 90m or 30d (default: hour)",
    },
    by: {
      type: "string",
      valueHint: "WORD",
      description: `Add up by ${GROUPINGS.join(", ")} (default: queue; for one queue: task)`,
    },
  },
  run: async ({ queue: given, last, by: word }, program) => {
    const queue = given === undefined ? undefined : OPTIONS.queue.kind.readText(given, "QUEUE");
    const length = last === undefined ? HOUR_MS : readLast(last);
    const by = word === undefined ? (isOneQueue(queue) ? "task" : "queue") : readBy(word);
    const line = program.countLine();
    const tell = () => line.show(() => "adds up the runs");
    const found = await toLook(program.config(), (store) =>
      find(store, { queue, by, length }, tell),
    );
    line.end();
    program.answer(found.data, () => textOf(found.data, by, length, program.terminal));
    if (found.data.groups.length === 0) sayNone(program, found.unknown);
  },
});

function isOneQueue(queue: string | null | undefined): queue is string {
  return typeof queue === "string" && !isPattern(queue);
}

function readBy(word: string): By {
  const [by = "queue", ...more] = readWords(word, "--by", GROUPINGS);
  if (more.length === 0) return by;
  throw new TqError("invalid", `--by cannot be ${quote(word)}: it must be one word`);
}

function readLast(text: string): number {
  const length = LAST[text] ?? parseDuration(text, "--last");
  if (length >= MINUTE_MS && length <= LONGEST_DAYS * DAY_MS) return length;
  throw new TqError(
    "invalid",
    `--last cannot be ${quote(text)}: it must be hour, day, week, or a length from 1m to ${LONGEST_DAYS}d`,
  );
}

interface Group extends NamedSummary {
  /** By queue. */
  readonly queue?: string;
  /** By task, as the next one. */
  readonly model?: string;
  readonly method?: string;
  /** By hour: its start, in ms since 1970 UTC. */
  readonly at?: number;
}

interface Answer {
  readonly since: number;
  readonly until: number;
  readonly queue: string | null;
  readonly by: By;
  readonly groups: readonly Group[];
  /** The methods whose runs have failed, were retried or crashed, the most frequent first. */
  readonly failures: readonly (Series & {
    readonly name: string;
  } & Pick<RunSummary, "failed" | "retried" | "crashed">)[];
}

interface Wanted {
  readonly queue: string | undefined;
  readonly by: By;
  readonly length: number;
}

async function find(
  store: Store,
  { queue, by, length }: Wanted,
  tell: () => void,
): Promise<{ readonly data: Answer; readonly unknown: readonly string[] }> {
  const until = store.now();
  const since = Math.floor((until - length) / MINUTE_MS) * MINUTE_MS;
  const groups = new Map<
    string,
    { readonly key: Omit<Group, keyof NamedSummary>; counts: RunCounts }
  >();
  const failing = new Map<string, Series & { counts: RunCounts }>();
  await store.statistics.sum({ since, until, queue }, (row) => {
    tell();
    const key = keyOf(row, by);
    const name = JSON.stringify(key);
    let group = groups.get(name);
    if (!group) groups.set(name, (group = { key, counts: new RunCounts() }));
    return group.counts;
  });
  await store.statistics.sum({ since, until, queue }, ({ queue: of, model, method }) => {
    tell();
    const name = JSON.stringify([of, model, method]);
    let task = failing.get(name);
    if (!task) failing.set(name, (task = { queue: of, model, method, counts: new RunCounts() }));
    return task.counts;
  });
  const methods = await methodsNamedCall(store, failing.values());
  const rows = Array.from(groups.values(), ({ key, counts }) => {
    return { ...key, name: nameOf(key, methods), ...summarize(counts) };
  });
  const unknown =
    rows.length === 0 && queue !== undefined ? await unknownNameWords(store, { queue }) : [];
  const data = {
    since,
    until,
    queue: queue ?? null,
    by,
    groups: sorted(rows),
    failures: failures(failing, methods),
  };
  return { data, unknown };
}

function keyOf(
  { at, queue, model, method }: StatisticsRow,
  by: By,
): Omit<Group, keyof NamedSummary> {
  if (by === "queue") return { queue };
  if (by === "task") return { model, method };
  return { at: new Date(at).setMinutes(0, 0, 0) };
}

/** The models with a method that has the name which the statistics give all functions; there is hardly ever one. */
async function methodsNamedCall(store: Store, tasks: Iterable<Series>): Promise<Set<string>> {
  const asked = Array.from(tasks).some(({ method }) => method === FUNCTION_METHOD);
  if (!asked) return new Set();
  const { calls } = await store.names();
  const those = calls.filter(({ method }) => method === FUNCTION_METHOD);
  return new Set(those.map(({ model }) => model));
}

function nameOf(
  { queue, model = "", method = "", at }: Omit<Group, keyof NamedSummary>,
  methods: ReadonlySet<string>,
): string {
  if (queue !== undefined) return queue;
  if (at !== undefined) return formatTime(at).slice(0, "2026-07-31 14:05".length);
  return taskName({ model, method }, methods.has(model));
}

/** Hours in their order, all else by how often it ran. */
function sorted(groups: readonly Group[]): Group[] {
  return groups.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0) || b.runs - a.runs);
}

function failures(
  tasks: Map<string, Series & { counts: RunCounts }>,
  methods: ReadonlySet<string>,
): Answer["failures"] {
  return Array.from(tasks.values(), ({ queue, model, method, counts }) => {
    const { failed, retried, crashed } = counts.ends;
    const name = taskName({ model, method }, methods.has(model));
    return { queue, model, method, name, failed, retried, crashed };
  })
    .filter(({ failed, retried, crashed }) => failed + retried + crashed > 0)
    .sort((a, b) => b.failed + b.crashed - a.failed - a.crashed || b.retried - a.retried);
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
  by: By,
  length: number,
  terminal: Terminal,
): string {
  const of = queue === null ? "" : ` of ${isOneQueue(queue) ? "queue" : "queues"} ${queue}`;
  const span = length === HOUR_MS ? "hour" : length === DAY_MS ? "day" : formatDuration(length);
  if (groups.length === 0) return `The statistics of the last ${span} have no runs${of}`;
  const title = (text: string): string => paint(terminal, "bold", wrapped(text, terminal.width));
  const rows = by === "hour" ? groups : groups.slice(0, MOST_ROWS);
  const over = Math.floor(until / MINUTE_MS) * MINUTE_MS; // the present minute is not written yet
  const within = ({ at = since }: Group): number => {
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
