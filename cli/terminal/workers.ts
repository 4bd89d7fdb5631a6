/** Workers as a table for people. */
import type { WorkerStatus } from "../../src/store/looking.ts";
import { table } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";
import { formatTimeIn } from "./text.ts";

const COLUMNS = [
  { title: "worker", min: 8 },
  { title: "host", min: 6, givesWay: true },
  { title: "pid", align: "right" },
  { title: "state" },
  { title: "threads", align: "right" },
  { title: "running", align: "right" },
  { title: "version", min: 7, givesWay: true },
  { title: "started" },
  { title: "queues", min: 6, most: 120 },
] as const;

/** When the newest file of its models was changed; older builds do not say it. */
const MODELS = { title: "models of", givesWay: true, expendable: true } as const;

/** A dead worker is listed until another worker has put its tasks back. */
export function workerTable(workers: readonly WorkerStatus[], terminal: Terminal): string {
  const { width } = terminal;
  const models = workers.some(({ models_at: at }) => at !== null);
  const columns = models ? [...COLUMNS, MODELS] : COLUMNS;
  const rows = workers.map((worker) => rowOf(worker, width));
  return table(columns, rows, { width, heading: (line) => paint(terminal, "bold", line) });
}

function rowOf(worker: WorkerStatus, width: number | null): string[] {
  const { id, host, pid, running, version, started_at, queues } = worker;
  return [
    id,
    host,
    String(pid),
    stateOf(worker),
    threadWords(worker),
    String(running),
    version ?? "older",
    formatTimeIn(width, started_at),
    queues.join(", ") || "all",
    worker.models_at === null ? "" : formatTimeIn(width, worker.models_at),
  ];
}

/** `3 of 4` while not all of them run. */
function threadWords({ threads, threads_ready: ready, alive }: WorkerStatus): string {
  return !alive || ready === null || ready === threads ? `${threads}` : `${ready} of ${threads}`;
}

export function stateOf({ alive, unsure, trouble }: WorkerStatus): string {
  if (!alive) return "dead";
  if (unsure === true) return "unknown";
  return trouble === null ? "alive" : "cannot run";
}
