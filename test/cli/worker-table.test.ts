/** The table of workers in `tq status`, as a terminal shows it. */
import { expect, test } from "bun:test";
import { workerTable } from "../../cli/terminal/workers.ts";
import type { WorkerStatus } from "../../src/store/looking.ts";

const WORKER: WorkerStatus = {
  id: "01a22550-f8e2-77d9-914e-8c0094508f6c",
  pid: 5618,
  host: "shop",
  started_at: new Date(2026, 6, 3, 4, 5, 6).getTime(),
  threads: 2,
  queues: ["print", "pdf*"],
  running: 1,
  version: "0.1.0+74888c0",
  schema: 8,
  trouble: null,
  threads_ready: null,
  models_at: null,
  alive: true,
};

const OLDER: WorkerStatus = { ...WORKER, pid: 4711, version: null, trouble: "no threads" };

function lines(workers: readonly WorkerStatus[], width: number | null): string[] {
  return workerTable(workers, { width, colour: false }).split("\n");
}

test("the builds of workers, and those that can run no task, are told apart", () => {
  expect(
    lines([WORKER, OLDER, { ...OLDER, alive: false }, { ...OLDER, unsure: true }], null),
  ).toEqual([
    "worker                                host   pid  state       threads  running  version        started              queues",
    "01a22550-f8e2-77d9-914e-8c0094508f6c  shop  5618  alive             2        1  0.1.0+74888c0  2026-07-03 04:05:06  print, pdf*",
    "01a22550-f8e2-77d9-914e-8c0094508f6c  shop  4711  cannot run        2        1  older          2026-07-03 04:05:06  print, pdf*",
    "01a22550-f8e2-77d9-914e-8c0094508f6c  shop  4711  dead              2        1  older          2026-07-03 04:05:06  print, pdf*",
    "01a22550-f8e2-77d9-914e-8c0094508f6c  shop  4711  unknown           2        1  older          2026-07-03 04:05:06  print, pdf*",
  ]);
});

test("at 80 columns the host and the build give way where all have the same, and the rest is whole", () => {
  const [heading = "", row = ""] = lines([WORKER], 80);
  expect(heading.split(/ +/)).toEqual([
    "worker",
    "pid",
    "state",
    "threads",
    "running",
    "started",
    "queues",
  ]);
  expect(row).toContain("5618  alive        2        1  07-03 04:05  print, pdf*");
  expect(Bun.stringWidth(row)).toBeLessThanOrEqual(80);
  expect(lines([WORKER, OLDER], 80)[2]).toContain("older");
});
