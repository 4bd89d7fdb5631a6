/** `tq status`: shows the mode, the database, the queues and the workers. */
import type { Config } from "../src/settings/config.ts";
import { type Health, problems } from "../src/admin/health.ts";
import { printable } from "../src/printable.ts";
import { isWorker } from "../src/store/live-workers.ts";
import { backupWords } from "../src/store/backup-words.ts";
import { pauseWords, resumeCommand } from "../src/store/pause-words.ts";
import { formatSize } from "../src/values/size.ts";
import { countedWords, countWords } from "../src/store/count-words.ts";
import { COUNTED_STATES, type QueueStatus, type StoreStatus } from "../src/store/looking.ts";
import { VERSION } from "../src/version.ts";
import { type Finding, sentenceOf } from "../src/doctor/check.ts";
import { findings } from "../src/doctor/examine.ts";
import { TqError } from "../src/errors.ts";
import { formatAge } from "../src/values/duration.ts";
import { settingFlag } from "./command/flags.ts";
import { modeOf } from "./command/mode.ts";
import { command } from "./command/command.ts";
import { type AnyConfig, type Program, type Remote, toLook } from "./command/program.ts";
import { block, table, type TableOptions } from "./terminal/table.ts";
import { outlookLines } from "./terminal/outlook.ts";
import { waitingWords } from "./terminal/mode.ts";
import { workerTable } from "./terminal/workers.ts";
import { paint } from "./terminal/terminal.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { counted } from "./terminal/text.ts";

type Mode = Health["mode"];

export const status = command({
  name: "status",
  description: "Show the mode, the database, the queues and the workers",
  flags: {
    check: {
      type: "boolean",
      description:
        "For scripts: say only what keeps tasks from being stored and run; exit 1 if something does",
    },
    "max-wait": settingFlag("queue.max_wait", { valueHint: "10m" }),
  },
  run: async ({ check, "max-wait": wait }, program) => {
    if (wait !== undefined && check !== true) throw new TqError("invalid", WAIT_IS_FOR_CHECK);
    const config = program.anyConfig();
    if (check === true) return checkReady(config, program);
    const found = await (config.remote === undefined
      ? localStatus(config, program)
      : remoteStatus(config.remote));
    program.answer(found, () => statusText(found, program.terminal));
    return found.problems.length === 0 ? 0 : 1;
  },
});

const WAIT_IS_FOR_CHECK = "--max-wait is for --check: give that too, or set queue.max_wait";

/** As `/readyz` answers: it counts nothing. */
async function checkReady(config: AnyConfig, program: Program): Promise<number> {
  const found = await readiness(config);
  const data = { status: found.length === 0 ? "ready" : "not ready", findings: found };
  program.answer(data, () =>
    found.length === 0 ? "ready" : found.map((one) => printable(sentenceOf(one))).join("\n"),
  );
  return found.length === 0 ? 0 : 1;
}

async function readiness(config: AnyConfig): Promise<readonly Finding[]> {
  if (config.remote !== undefined) {
    const { openRemote } = await import("./remote/open.ts");
    return (await openRemote(config.remote).findings("ready")).findings;
  }
  return toLook(config, async (store) => {
    const mode = await modeOf(store, config);
    return findings({ store, config, mode }, "ready");
  });
}

interface Found extends StoreStatus {
  readonly mode: Mode;
  readonly version: string;
  readonly problems: readonly string[];
}

async function localStatus(config: Config, program: Program): Promise<Found> {
  return toLook(config, async (store) => {
    const mode = await modeOf(store, config);
    const status = await program.countLine().during("counts the tasks", () => store.status());
    const found = await problems({ store, config, mode }, status);
    return { mode, version: VERSION, ...status, problems: found };
  });
}

/** The other machine knows its settings and its files. */
async function remoteStatus(remote: Remote): Promise<Found> {
  const { openRemote } = await import("./remote/open.ts");
  return openRemote(remote).wholeStatus();
}

function statusText(found: Found, terminal: Terminal): string {
  const heading = (line: string): string => paint(terminal, "bold", line);
  const options = { width: terminal.width, heading };
  const { queues, workers, mode } = found;
  const waiting = queues.reduce((sum, { ready, scheduled }) => sum + ready + scheduled, 0);
  const isServed = workers.some((worker) => worker.alive && isWorker(worker));
  const ages = countedWords(queues, Date.now());
  const hint = isServed ? null : waitingWords(mode, waiting);
  return [
    block([
      ["mode", modeWords(mode)],
      ["database", found.path],
      ["size", sizeWords(found)],
      ...diskLine(found),
      ["durability", found.durability],
      ["oldest ready", oldestWords(found)],
      ...(found.backup === null
        ? []
        : [["backup", printable(backupWords(found.backup, Date.now()))] as const]),
      ["failed", `${found.failed_lately} in the last hour`],
    ]),
    "",
    queues.length === 0
      ? "No tasks are waiting, running or failed"
      : queueTable(queues, isServed || mode === "worker", options),
    ...(ages === null ? [] : [ages]),
    ...(hint === null ? [] : [hint]),
    ...pauseLines(found, terminal),
    ...outlookLines(found, terminal),
    ...(workers.length === 0 ? noWorkerLines(mode) : ["", workerTable(workers, terminal)]),
    ...problemLines(found, terminal),
  ].join("\n");
}

function sizeWords({ file_size, free_size, wal_size }: Found): string {
  const free = free_size === null ? "" : `, ${formatSize(free_size)} of it free`;
  const wal = wal_size === null ? "" : `; WAL ${formatSize(wal_size)}`;
  return `${formatSize(file_size)}${free}${wal}`;
}

/** Nothing where the disk is that of a server. */
function diskLine({ free_disk, wal_size }: Found): (readonly [string, string])[] {
  if (free_disk !== null) return [["disk", `${formatSize(free_disk)} free`]];
  return wal_size === null ? [] : [["disk", "unknown"]];
}

function oldestWords({ oldest_ready: oldest }: Found): string {
  if (oldest === null) return "none";
  return `for ${formatAge(Date.now() - oldest.since)}, in the queue ${printable(oldest.queue)}`;
}

/** Where `queue.worker` is true, the absence of workers is one of the problems, and is said there. */
function noWorkerLines(mode: Mode): string[] {
  return mode === "worker" ? [] : ["", "No worker is running"];
}

function problemLines({ problems: sentences }: Found, terminal: Terminal): string[] {
  if (sentences.length === 0) return [];
  const title = paint(terminal, "red", counted(sentences.length, "problem"));
  return ["", title, ...sentences.map((sentence) => `  ${printable(sentence)}`)];
}

function modeWords(mode: Mode): string {
  return mode === "worker"
    ? "worker: tq worker runs the tasks"
    : "no worker: each program runs its own tasks after the commit (queue.worker = false)";
}

function pauseLines({ pauses }: Found, terminal: Terminal): string[] {
  if (pauses.length === 0) return [];
  const now = Date.now();
  const lines = pauses.map((pause) => {
    const words = `${pauseWords(pause, now)}; to go on: ${resumeCommand(pause)}`;
    return `  ${printable(words)}`;
  });
  return ["", paint(terminal, "yellow", counted(pauses.length, "pause")), ...lines];
}

const QUEUE_COLUMNS = [
  { title: "queue", min: 8, most: 60 },
  ...COUNTED_STATES.map((title) => ({ title, align: "right" }) as const),
] as const;

/** @param isAsked false where no worker need be there: then no queue is marked. */
function queueTable(
  queues: readonly QueueStatus[],
  isAsked: boolean,
  options: TableOptions,
): string {
  const marks = isAsked && queues.some(({ served }) => !served);
  const isAnyPaused = queues.some(({ paused }) => paused);
  const columns = [
    ...QUEUE_COLUMNS,
    ...(isAnyPaused ? [{ title: "paused" }] : []),
    ...(marks ? [{ title: "served" }] : []),
  ];
  const rows = queues.map((queue) => queueRow(queue, isAnyPaused));
  return table(columns, rows, options);
}

function queueRow(status: QueueStatus, showsPaused: boolean): string[] {
  const { queue, served, paused } = status;
  const numbers = COUNTED_STATES.map((state) => countWords(status, state));
  const marks = showsPaused ? [paused, served] : [served];
  return [queue, ...numbers, ...marks.map((mark) => (mark ? "yes" : "no"))];
}
