/** `tq list`: tasks, the newest first. */
import { systemClock } from "../src/clock.ts";
import { isTerminal } from "../src/log/terminal.ts";
import { isServed, liveWorkers, untakenWords } from "../src/store/live-workers.ts";
import type { WorkerInfo } from "../src/store/looking.ts";
import { pauseWords, resumeCommand } from "../src/store/pause-words.ts";
import { holds, type Pause, withPaused } from "../src/store/pauses.ts";
import { type Task, TASK_STATES } from "../src/task.ts";
import { command } from "./command/command.ts";
import { CONDITION_WORDS, filterFlags, type GivenFilter, readFilter } from "./command/filter.ts";
import { goingOn, lookFor } from "./command/look-for.ts";
import { capitalized } from "./command/pausing.ts";
import { modeOf } from "./command/mode.ts";
import { type Program, toLook } from "./command/program.ts";
import { taskTable } from "./terminal/tasks.ts";
import { waitingWords } from "./terminal/mode.ts";
import { unknownNameWords } from "./command/unknown-names.ts";
import { readWhole } from "./command/values.ts";

const DEFAULT_LIMIT = 100;

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
  many: true,
  examples: [
    ["tq list --state failed --ended-after 1h", "What failed in the last hour"],
    ["tq list args.order=4711", "The tasks of an order"],
  ],
  flags: {
    condition: { type: "positional", required: false, description: CONDITION_WORDS },
    ...filterFlags(`Only tasks in these states: ${TASK_STATES.join(", ")}`),
    limit: {
      type: "string",
      valueHint: "N",
      description: `List at most this many (default: ${DEFAULT_LIMIT})`,
    },
    all: {
      type: "boolean",
      description:
        "Look through all tasks, however long it takes: a terminal is answered in 300 ms",
    },
  },
  run: async (values, program) => {
    const { limit, all, _: conditions } = values;
    const filter = {
      ...readFilter(values as GivenFilter, conditions, TASK_STATES),
      limit: limit === undefined ? DEFAULT_LIMIT : readWhole(limit, "--limit", 1),
    };
    const config = program.anyConfig();
    await toLook(config, async (store) => {
      const line = program.countLine();
      const found = await lookFor(store, filter, {
        isPatient: all === true || program.json || !isTerminal(1),
        hasLimit: limit !== undefined,
        kept: program.json ? (task) => task : forTable,
        elapsed: () => systemClock.monotonic(),
        tell: (downTo, count) =>
          line.show(() => `looks through the tasks: down to ${downTo}, ${count} found so far`),
      });
      line.end();
      const { tasks } = found;
      const waiting = tasks.filter(({ state }) => state === "ready" || state === "scheduled");
      const live = waiting.length > 0 ? await liveWorkers(store) : [];
      const pauses = waiting.length > 0 ? await store.pauses.list() : [];
      const notes = [...goingOn(found)];
      if (tasks.length === 0) {
        notes.unshift(...(await unknownNameWords(store, filter, found.stoppedAt === null)));
      }
      const mode = await modeOf(store, config);
      const hint = waitingWords(mode, waiting.length);
      if (live.length === 0 && hint !== null) program.note(hint);
      else if (waiting.length > 0) notes.unshift(...untakenQueues(waiting, live));
      notes.unshift(...pausedWords(waiting, pauses, store.now()));
      answer(withWaits(tasks, live, pauses), program);
      for (const sentence of notes) program.note(sentence);
    });
  },
});

function answer(tasks: readonly Task[], program: Program): void {
  program.answer(tasks, () =>
    tasks.length === 0 ? "No tasks" : taskTable(tasks, program.terminal),
  );
}
