/** `tq list`: tasks, the newest first. */
import { systemClock } from "../src/clock.ts";
import { isTerminal } from "../src/log/terminal.ts";
import { isServed, liveWorkers, untakenWords } from "../src/store/live-workers.ts";
import type { WorkerInfo } from "../src/store/looking.ts";
import { type Task, TASK_STATES } from "../src/task.ts";
import { command } from "./command/command.ts";
import { CONDITION_WORDS, filterFlags, type GivenFilter, readFilter } from "./command/filter.ts";
import { goingOn, lookFor } from "./command/look-for.ts";
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

/** Tells of each task that waits whether a live worker takes it. */
function withServed(tasks: readonly Task[], live: readonly WorkerInfo[]) {
  return tasks.map((task) => {
    const waits = task.state === "ready" || task.state === "scheduled";
    return waits ? { ...task, served: isServed(task.queue, live) } : task;
  });
}

/** More queues than this are only counted: there may be hundreds. */
const MOST_NAMED = 5;

/** A sentence for each queue of these tasks that no live worker takes; none where there is no worker at all. */
function untakenQueues(waiting: readonly Task[], live: readonly WorkerInfo[]): string[] {
  const queues = [...new Set(waiting.map(({ queue }) => queue))];
  const sentences = queues.flatMap((queue) => untakenWords(queue, live) ?? []).map(capitalized);
  const more = sentences.length - MOST_NAMED;
  const rest = `No live worker takes tasks of ${more} more queues`;
  return [...sentences.slice(0, MOST_NAMED), ...(more > 0 ? [rest] : [])];
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

export const list = command({
  name: "list",
  description: "List tasks, the newest first",
  many: true,
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
    await toLook(program.config(), async (store) => {
      const found = await lookFor(store, filter, {
        isPatient: all === true || program.json || !isTerminal(1),
        hasLimit: limit !== undefined,
        kept: program.json ? (task) => task : forTable,
        elapsed: () => systemClock.monotonic(),
      });
      const { tasks } = found;
      const waiting = tasks.filter(({ state }) => state === "ready" || state === "scheduled");
      const live = waiting.length > 0 ? await liveWorkers(store) : [];
      const notes = [...goingOn(found)];
      if (tasks.length === 0) {
        notes.unshift(...(await unknownNameWords(store, filter, found.stoppedAt === null)));
      }
      const hint = waiting.length > 0 ? waitingWords(program.config(), waiting.length) : null;
      if (live.length === 0 && hint !== null) program.note(hint);
      else if (waiting.length > 0) notes.unshift(...untakenQueues(waiting, live));
      answer(tasks, live, program);
      for (const sentence of notes) program.note(sentence);
    });
  },
});

function answer(tasks: readonly Task[], live: readonly WorkerInfo[], program: Program): void {
  program.answer(withServed(tasks, live), () =>
    tasks.length === 0 ? "No tasks" : taskTable(tasks, program.terminal),
  );
}
