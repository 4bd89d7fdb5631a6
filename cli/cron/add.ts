/** `tq cron add NAME`: makes a recurring task in the database. */
import { cannotAdd, readCron } from "../../src/cron/definition.ts";
import { DATABASE_ORIGIN } from "../../src/cron/ledger.ts";
import { takenWords } from "../../src/cron/origin.ts";
import { TqError } from "../../src/errors.ts";
import { fieldOf } from "../../src/policies/table.ts";
import { recurringTask } from "../../src/tasks/cron/recurring.ts";
import { command } from "../command/command.ts";
import { withStore } from "../command/program.ts";
import { comesWords } from "../terminal/recurring.ts";
import { checkTask } from "./check-task.ts";
import { readFiles } from "./known.ts";
import { keyFlags, readKeys } from "./key-flags.ts";

export const add = command({
  name: "cron add",
  description: "Make a recurring task in the database",
  examples: [
    ["tq cron add night --schedule '30 2 * * *' --task x.run", "Each night"],
    ["tq cron add often --schedule 'every 15m' --task send", "A function, four times an hour"],
  ],
  flags: {
    name: { type: "positional", description: "A name of your choosing" },
    ...keyFlags,
  },
  run: async (values, program) => {
    const { name } = values;
    const said = readKeys(values);
    const definition = readCron(name, said, cannotAdd(name), fieldOf, ": ");
    const config = program.config();
    await checkTask(definition, cannotAdd(name), config, program);
    const files = await readFiles(config, program);
    const ofFile = files.all.find((one) => one.name === name);
    if (ofFile !== undefined)
      throw new TqError("conflict", takenWords({ ...ofFile, removedAt: null }));
    await withStore(config, async (store) => {
      const row = await store.cron.add(DATABASE_ORIGIN, { name, definition: definition.text });
      const task = await recurringTask(store, row);
      program.answer(task, () => `Added ${name}: ${comesWords(task)}`);
    });
  },
});
