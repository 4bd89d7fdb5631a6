/** `tq cron list`: the recurring tasks, when they come, and what became of their last slots. */
import type { CronRow } from "../../src/cron/ledger.ts";
import { isTqError } from "../../src/errors.ts";
import { databaseExists } from "../../src/open-store.ts";
import type { Config } from "../../src/settings/config.ts";
import { liveWorkers } from "../../src/store/live-workers.ts";
import type { Store } from "../../src/store/store.ts";
import { heldWords, recurringTask, unstoredTask } from "../../src/tasks/cron/recurring.ts";
import { command } from "../command/command.ts";
import { noDatabase, toLook } from "../command/program.ts";
import { type Listed, recurringTable } from "../terminal/recurring.ts";
import { type FileCrons, isOutdated, newOnes, readFiles } from "./known.ts";

export const list = command({
  name: "cron list",
  description: "List recurring tasks: when they come, and what became of their last slots",
  flags: {},
  run: async (_values, program) => {
    const config = program.config();
    const files = await readFiles(config, program);
    if (!databaseExists(config) && files.all.length === 0) throw noDatabase(config);
    const notes: string[] = [];
    const tasks = databaseExists(config)
      ? await toLook(config, async (store) => {
          notes.push(...(await notesOf(store)));
          return listed(store, config, files, (problem) => notes.push(problem));
        })
      : await unstored(files);
    program.answer(tasks, () =>
      tasks.length === 0
        ? "No recurring tasks: tq cron add makes one, as a section [cron.name] of tq.toml does"
        : recurringTable(tasks, program.terminal),
    );
    for (const sentence of notes) program.note(sentence);
  },
});

/** @param say called with a sentence for each that this tq cannot read, as a newer one has written it. */
async function listed(
  store: Store,
  config: Config,
  files: FileCrons,
  say: (problem: string) => void,
): Promise<Listed[]> {
  const rows = await store.cron.rows();
  const tasks: Listed[] = [];
  for (const row of rows) {
    const outdated = isOutdated(row, files, config);
    try {
      tasks.push({ ...(await recurringTask(store, row)), in_database: true, outdated });
    } catch (error) {
      if (!isTqError(error)) throw error;
      say(error.message);
    }
  }
  tasks.push(...(await unstored(files, rows)));
  return tasks.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function unstored(files: FileCrons, rows: readonly CronRow[] = []) {
  const found: Listed[] = [];
  for (const row of newOnes(files, rows)) {
    found.push({ ...(await unstoredTask(row, Date.now())), in_database: false, outdated: false });
  }
  return found;
}

async function notesOf(store: Store): Promise<string[]> {
  const held = heldWords(store.now());
  const isServed = (await liveWorkers(store)).length > 0;
  return [
    ...(held === null ? [] : [held]),
    ...(isServed ? [] : ["No worker is running: no slot pushes its task until one starts"]),
  ];
}
