/** `tq watch ID`, `tq watch --ref TEXT`: follows a task until it has ended. */
import { command } from "./command/command.ts";
import { follow } from "./command/follow.ts";
import { heldNote } from "./command/pausing.ts";
import { type Program, toLook } from "./command/program.ts";
import { Interrupted, whileLooking } from "./command/while-looking.ts";
import { findWanted, readWanted, REF_FLAG } from "./command/wanted.ts";
import { FollowView } from "./terminal/follow-view.ts";
import { outputTerminal, write } from "./terminal/terminal.ts";
import type { Store } from "../src/store/store.ts";
import type { TaskState } from "../src/task.ts";

export const watch = command({
  name: "watch",
  description: "Follow a task until it has ended: its state, what it says, and how far it is",
  flags: {
    id: { type: "positional", required: false, description: "The id of a task" },
    ref: REF_FLAG,
  },
  run: async ({ id, ref }, program) => {
    const wanted = readWanted("watch", id, ref);
    return toLook(program.anyConfig(), async (store) => {
      const task = await findWanted(store, wanted, "watch");
      const held = await heldNote(store, task);
      if (held !== null) program.note(`Task ${task.id} waits: ${held}`);
      return watchTask(store, task.id, program);
    });
  },
});

/** @returns the exit status: 1 when the task did not finish */
async function watchTask(store: Store, id: number, program: Program): Promise<number> {
  const view = new FollowView({ json: program.json, terminal: outputTerminal, write });
  const state = await whileLooking(async (signal) => {
    let last: TaskState | null = null;
    for await (const followed of follow(store, id, { signal })) {
      if (!view.show(id, followed)) return null; // nothing reads it: `tq watch 7 | head`
      if (followed.event === "state") last = followed.task.state;
    }
    return last;
  });
  view.end();
  if (state instanceof Interrupted) {
    program.note(`Stopped looking: task ${id} goes on, and tq watch ${id} follows it again`);
    return state.status;
  }
  return state === null || state === "finished" ? 0 : 1;
}
