/** `tq cron history NAME`: what became of the last slots of a recurring task. */
import { knownRow } from "../../src/tasks/cron/known.ts";
import { type RecurringSlot, recurringSlot } from "../../src/tasks/cron/recurring.ts";
import type { Config } from "../../src/settings/config.ts";
import { command } from "../command/command.ts";
import { NAME_FLAG } from "./key-flags.ts";
import { readFiles } from "./known.ts";
import { type Program, toLook } from "../command/program.ts";
import { recurringOf } from "./on-box.ts";
import { readWhole } from "../command/values.ts";
import { slotTable } from "../terminal/slots.ts";

const DEFAULT_LIMIT = 20;

function slotsOf(
  config: Config,
  name: string,
  most: number,
  program: Program,
): Promise<RecurringSlot[]> {
  return toLook(config, async (store) => {
    const rows = await store.cron.rows();
    const isKnown = rows.some((row) => row.name === name);
    if (!isKnown) knownRow(await readFiles(config, program), rows, name); // no worker has taken it up
    return (await store.cron.slots(name, most)).map(recurringSlot);
  });
}

export const history = command({
  name: "cron history",
  description: "Show what became of the last slots of a recurring task, and why",
  flags: {
    name: NAME_FLAG,
    limit: {
      type: "string",
      valueHint: "N",
      description: `Show at most this many (default: ${DEFAULT_LIMIT}); the last 1000 are kept`,
    },
  },
  run: async ({ name, limit }, program) => {
    const most = limit === undefined ? DEFAULT_LIMIT : readWhole(limit, "--limit", 1);
    const config = program.anyConfig();
    const slots = await (config.remote === undefined
      ? slotsOf(config, name, most, program)
      : (await recurringOf(config.remote)).history(name, most));
    program.answer(slots, () =>
      slots.length === 0 ? "No slot has come yet" : slotTable(slots, program.terminal),
    );
  },
});
