/** `tq list`: tasks, the newest first. */
import { OPTIONS } from "../src/push/task-options.ts";
import { isServed, liveWorkers, untakenWords } from "../src/store/live-workers.ts";
import type { Rest, WorkerInfo } from "../src/store/looking.ts";
import { pauseWords, resumeCommand } from "../src/store/pause-words.ts";
import { holds, type Pause, withPaused } from "../src/store/pauses.ts";
import { type Task, TASK_STATES } from "../src/task.ts";
import { command } from "./command/command.ts";
import { filterFlags, readFilter } from "./command/filter.ts";
import { capitalized } from "./command/pausing.ts";
import { type Program, toLook } from "./command/program.ts";
import { taskTable } from "./terminal/tasks.ts";
import { waitingWords } from "./terminal/mode.ts";
import { unknownNameWords } from "./command/unknown-names.ts";
import { readWhole } from "./command/values.ts";

const DEFAULT_LIMIT = 100;

function sayRest({ count, isAll }: Rest, program: Program): void {
  if (count > 0) program.note(`and ${count}${isAll ? "" : "+"} more: --limit N lists more`);
}

/** Drops the values that the table does not show: each may be megabytes, of every listed task. */
function forTable(task: Task): Task {
  return { ...task, args: null, context: null, result: null };
}

/** Tells of each task that waits whether a live worker takes it, and whether it is paused. */
function withWaits(tasks: readonly Task[], live: readonly WorkerInfo[], pauses: readonly Pause[]) {
  return tasks.map((task) => {
    const waits = task.state === "ready" || task.state === "scheduled";
    const shown = withPaused(task, pauses);
    return waits ? { ...shown, served: isServed(task.queue, live) } : shown;
  });
}

/** More queues than this are only counted: there may be hundreds. */
const MOST_NAMED = 5;

/** A sentence for each pause that holds one of these tasks. */
function pausedWords(waiting: readonly Task[], pauses: readonly Pause[], now: number): string[] {
  return pauses
    .filter((pause) => waiting.some((task) => holds(pause, task)))
    .slice(0, MOST_NAMED)
    .map((pause) => `${capitalized(pauseWords(pause, now))}; to go on: ${resumeCommand(pause)}`);
}

/** A sentence for each queue of these tasks that no live worker takes; none where there is no worker at all. */
function untakenQueues(waiting: readonly Task[], live: readonly WorkerInfo[]): string[] {
  const queues = [...new Set(waiting.map(({ queue }) => queue))];
  const sentences = queues.flatMap((queue) => untakenWords(queue, live) ?? []).map(capitalized);
  const more = sentences.length - MOST_NAMED;
  const rest = `No live worker takes tasks of ${more} more queues`;
  return [...sentences.slice(0, MOST_NAMED), ...(more > 0 ? [rest] : [])];
}

export const list = command({
  name: "list",
  description: "List tasks, the newest first",
  flags: {
    ...filterFlags(`Only tasks in these states: ${TASK_STATES.join(", ")}`),
    ref: { type: "string", valueHint: "TEXT", description: "Only the task with this ref" },
    limit: {
      type: "string",
      valueHint: "N",
      description: `List at most this many (default: ${DEFAULT_LIMIT})`,
    },
  },
  run: async ({ limit, ref, ...given }, program) => {
    const filter = {
      ...readFilter(given, TASK_STATES),
      ...(ref === undefined ? {} : { ref: OPTIONS.ref.kind.readText(ref, "--ref") }),
      limit: limit === undefined ? DEFAULT_LIMIT : readWhole(limit, "--limit", 1),
    };
    const tasks: Task[] = [];
    let rest: Rest | null = null;
    let unknown: readonly string[] = [];
    let untaken: readonly string[] = [];
    let pauses: readonly Pause[] = [];
    let paused: readonly string[] = [];
    let live: readonly WorkerInfo[] = [];
    await toLook(program.config(), async (store) => {
      for await (const page of store.pages(filter)) {
        for (const task of page) tasks.push(program.json ? task : forTable(task));
      }
      const last = tasks.at(-1); // the oldest listed: those below its id are the rest
      // With --limit the user has said how many.
      if (limit === undefined && last !== undefined && tasks.length === DEFAULT_LIMIT) {
        rest = await store.countBefore(filter, last.id);
      }
      if (last === undefined) unknown = await unknownNameWords(store, filter);
      const waiting = tasks.filter(({ state }) => state === "ready" || state === "scheduled");
      if (waiting.length === 0) return;
      pauses = await store.pauses.list();
      paused = pausedWords(waiting, pauses, store.now());
      live = await liveWorkers(store);
      const hint = waitingWords(program.config(), waiting.length);
      if (live.length === 0 && hint !== null) program.note(hint);
      else untaken = untakenQueues(waiting, live);
    });
    const shown = withWaits(tasks, live, pauses);
    program.answer(shown, () =>
      tasks.length === 0 ? "No tasks" : taskTable(shown, program.terminal),
    );
    for (const sentence of [...unknown, ...untaken, ...paused]) program.note(sentence);
    if (rest !== null) sayRest(rest, program);
  },
});
