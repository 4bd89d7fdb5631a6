/** `tq clean`: deletes tasks that ended long ago. */
import { retention } from "../src/settings/retention.ts";
import type { CleanOptions } from "../src/store/looking.ts";
import type { Store } from "../src/store/store.ts";
import { command } from "./command/command.ts";
import { type Program, withExisting } from "./command/program.ts";
import { counted } from "./terminal/text.ts";
import { canAsk } from "./terminal/ask.ts";
import { readWhole } from "./command/values.ts";

/** Other writers get their turn between two transactions. */
const DELETED_PER_TRANSACTION = 1000;

export const clean = command({
  name: "clean",
  description:
    "Delete tasks that ended more than queue.clean_days ago (failed ones: error.clean_days)",
  flags: {
    days: {
      type: "string",
      valueHint: "N",
      description: "Use N days instead of queue.clean_days and error.clean_days",
    },
    yes: { type: "boolean", description: "Do not ask on a terminal before --days deletes" },
  },
  run: async ({ days, yes }, program) => {
    const config = program.config();
    const keptDays = days === undefined ? null : readWhole(days, "--days", 0, 36_500);
    const deleted = await withExisting(config, async (store) => {
      const options = {
        ...retention(config, store.now(), keptDays),
        limit: DELETED_PER_TRANSACTION,
      };
      const mayDelete =
        keptDays === null || yes === true || (await askToDelete(store, options, keptDays, program));
      return mayDelete ? cleanAll(store, options) : 0;
    });
    program.answer({ deleted }, () => `${counted(deleted, "task")} deleted`);
  },
});

/**
 * Asks before --days deletes; what the settings allow, a worker deletes each day unasked.
 *
 * @returns true for consent, and where no task would be deleted or no person can answer
 */
async function askToDelete(
  store: Store,
  options: CleanOptions,
  days: number,
  program: Program,
): Promise<boolean> {
  if (!canAsk()) return true;
  const count = await store.countCleanable(options);
  if (count === 0) return true;
  const which =
    days === 0 ? "all that have ended" : `which ended more than ${counted(days, "day")} ago`;
  return program.ask(`Delete ${counted(count, "task")}, ${which}?`);
}

async function cleanAll(store: Store, options: CleanOptions): Promise<number> {
  while (await store.pushKeys.tidy(store.now()));
  let total = 0;
  for (;;) {
    const deleted = await store.clean(options);
    total += deleted;
    if (deleted < options.limit) return total;
  }
}
