/** The words of the page of workers. */
import type { WorkerStatus } from "../../../store/looking.ts";

type Threads = Pick<WorkerStatus, "threads" | "threads_ready" | "alive">;

export const WORKER_WORDS = {
  now: "Running now",
  moreThreads: (count: number) => `${count} more busy ${count === 1 ? "thread" : "threads"}`,
  none: "No worker is running: start one with tq worker.",
  states: {
    dead: "dead: its tasks are put back soon",
    unsure: "unknown: it cannot be seen from here whether it lives",
    stopped: "stopped by a signal",
    trouble: "in trouble",
    alive: "alive",
    program: "a program that runs its own tasks",
  },
  facts: {
    id: "Id",
    started: "Started",
    threads: "Threads",
    version: "Version",
    models: "Models changed",
  },
  threads: ({ threads, threads_ready: ready, alive }: Threads) =>
    !alive || ready === null || ready === threads ? `${threads}` : `${ready} of ${threads} run`,
  queues: "Queues",
  allQueues: "all",
  runs: (worker: string) => `What ${worker} runs`,
  columns: ["Thread", "Task", "Call", "Queue", "For", "Progress"],
  numbers: ["Thread", "Task", "For"],
  others: (count: number) => `and ${count} claimed`,
  unsure: "or one of the others that it has claimed",
  idle: (idle: number, threads: number) =>
    idle === threads
      ? "All its threads are idle."
      : `${idle} of its ${threads} threads ${idle === 1 ? "is" : "are"} idle.`,
  more: "More tasks are claimed than are shown here.",
} as const;
