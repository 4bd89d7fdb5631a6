/** `tq cron list`: the recurring tasks, when they come, and what became of their last slots. */
import { databaseExists } from "../../src/open-store.ts";
import { listRecurring, listUnstored, recurringNotes } from "../../src/tasks/cron/listed.ts";
import { command } from "../command/command.ts";
import { noDatabase, type Program, toLook } from "../command/program.ts";
import { recurringTable } from "../terminal/recurring.ts";
import type { Listed } from "../../src/tasks/cron/listed.ts";
import { readFiles } from "./known.ts";
import { recurringOf } from "./on-box.ts";

export const list = command({
  name: "cron list",
  description: "List recurring tasks: when they come, and what became of their last slots",
  flags: {},
  run: async (_values, program) => {
    const config = program.anyConfig();
    if (config.remote !== undefined) {
      const { tasks, notes } = await (await recurringOf(config.remote)).list();
      answer(tasks, notes, program);
      return;
    }
    const files = await readFiles(config, program);
    if (!databaseExists(config) && files.all.length === 0) throw noDatabase(config);
    const notes: string[] = [];
    const tasks = databaseExists(config)
      ? await toLook(config, async (store) => {
          notes.push(...(await recurringNotes(store)));
          return listRecurring(store, files, (problem) => notes.push(problem));
        })
      : await listUnstored(files, Date.now());
    answer(tasks, notes, program);
  },
});

function answer(tasks: readonly Listed[], notes: readonly string[], program: Program): void {
  program.answer(tasks, () =>
    tasks.length === 0
      ? "No recurring tasks: tq cron add makes one, as a section [cron.name] of tq.toml does"
      : recurringTable(tasks, program.terminal),
  );
  for (const sentence of notes) program.note(sentence);
}
