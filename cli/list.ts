/** `tq list`: tasks, the newest first. */
import { OPTIONS } from "../src/push/task-options.ts";
import { liveWorkers } from "../src/store/live-workers.ts";
import { type Task, TASK_STATES } from "../src/task.ts";
import { command } from "./command/command.ts";
import { filterFlags, readFilter } from "./command/filter.ts";
import { toLook } from "./command/program.ts";
import { taskTable } from "./terminal/tasks.ts";
import { waitsForWorker } from "./terminal/mode.ts";
import { readWhole } from "./command/values.ts";

/** Drops the values that the table does not show: each may be megabytes, of every listed task. */
function forTable(task: Task): Task {
  return { ...task, args: null, context: null, result: null };
}

export const list = command({
  name: "list",
  description: "List tasks, the newest first",
  flags: {
    ...filterFlags(`Only tasks in these states: ${TASK_STATES.join(", ")}`),
    ref: { type: "string", valueHint: "TEXT", description: "Only the task with this ref" },
    limit: { type: "string", valueHint: "N", description: "List at most this many (default: 100)" },
  },
  run: async ({ limit, ref, ...given }, program) => {
    const filter = {
      ...readFilter(given, TASK_STATES),
      ...(ref === undefined ? {} : { ref: OPTIONS.ref.kind.readText(ref, "--ref") }),
      limit: limit === undefined ? 100 : readWhole(limit, "--limit", 1),
    };
    const tasks: Task[] = [];
    await toLook(program.config(), async (store) => {
      for await (const page of store.pages(filter)) {
        for (const task of page) tasks.push(program.json ? task : forTable(task));
      }
      const waiting = tasks.filter(({ state }) => state === "ready" || state === "scheduled");
      const hint = waitsForWorker(program.config(), waiting.length);
      if (hint !== null && (await liveWorkers(store)).length === 0) program.note(hint);
    });
    program.answer(tasks, () =>
      tasks.length === 0 ? "No tasks" : taskTable(tasks, program.terminal),
    );
  },
});
