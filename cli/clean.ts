/** `tq clean`: deletes tasks that ended long ago. */
import { retention } from "../src/settings/retention.ts";
import type { CleanOptions } from "../src/store/looking.ts";
import type { Store } from "../src/store/store.ts";
import { command } from "./command/command.ts";
import { withExisting } from "./command/program.ts";
import { counted } from "./terminal/text.ts";
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
  },
  run: async ({ days }, program) => {
    const config = program.config();
    const kept = days === undefined ? null : readWhole(days, "--days", 0, 36_500);
    const deleted = await withExisting(config, (store) =>
      cleanAll(store, { ...retention(config, store.now(), kept), limit: DELETED_PER_TRANSACTION }),
    );
    program.answer({ deleted }, () => `${counted(deleted, "task")} deleted`);
  },
});

async function cleanAll(store: Store, options: CleanOptions): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await store.clean(options);
    total += deleted;
    if (deleted < options.limit) return total;
  }
}
