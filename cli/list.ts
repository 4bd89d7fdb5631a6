/** `tq list`: tasks, the newest first. */
import { TASK_STATES } from "../src/task.ts";
import { command } from "./terminal/command.ts";
import { withExisting } from "./terminal/program.ts";
import { taskTable } from "./terminal/tasks.ts";
import { readWhole, readWords } from "./terminal/values.ts";

export const list = command({
  name: "list",
  description: "List tasks, the newest first",
  flags: {
    state: {
      type: "string",
      multiple: true,
      valueHint: "STATE",
      description: `Only these states: ${TASK_STATES.join(", ")}`,
    },
    queue: { type: "string", alias: "name", valueHint: "NAME", description: "Only this queue" },
    model: { type: "string", valueHint: "NAME", description: "Only this model" },
    limit: { type: "string", valueHint: "N", description: "At most this many (default: 100)" },
  },
  run: async ({ state, queue, model, limit }, program) => {
    const filter = {
      ...(state === undefined ? {} : { states: readWords(state, "--state", TASK_STATES) }),
      ...(queue === undefined ? {} : { queue }),
      ...(model === undefined ? {} : { model }),
      limit: limit === undefined ? 100 : readWhole(limit, "--limit", 1),
    };
    const tasks = await withExisting(program.config(), (store) => store.list(filter));
    program.answer(tasks, () =>
      tasks.length === 0 ? "No tasks" : taskTable(tasks, program.terminal),
    );
  },
});
