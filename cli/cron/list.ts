/** `tq cron list`: the recurring tasks, when they come, and what became of their last slots. */
import { saidBySource } from "../../src/cron/in-force.ts";
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
import { newOnes } from "./known.ts";

export const list = command({
  name: "cron list",
  description: "List recurring tasks: when they come, and what became of their last slots",
  flags: {},
  run: async (_values, program) => {
    const config = program.config();
    if (!databaseExists(config) && config.cron.length === 0) throw noDatabase(config);
    const notes: string[] = [];
    const tasks = databaseExists(config)
      ? await toLook(config, async (store) => {
          notes.push(...(await notesOf(store)));
          return listed(store, config, (problem) => notes.push(problem));
        })
      : await unstored(config);
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
  say: (problem: string) => void,
): Promise<Listed[]> {
  const rows = await store.cron.rows();
  const tasks: Listed[] = [];
  for (const row of rows) {
    const outdated = isOutdated(row, config);
    try {
      tasks.push({ ...(await recurringTask(store, row)), in_database: true, outdated });
    } catch (error) {
      if (!isTqError(error)) throw error;
      say(error.message);
    }
  }
  tasks.push(...(await unstored(config, rows)));
  return tasks.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** True where tq.toml says another thing of it than the database has, as no worker has read it anew. */
function isOutdated(row: CronRow, config: Config): boolean {
  const inFile = config.cron.find(({ name }) => name === row.name);
  if (row.removedAt !== null || row.origin !== config.file) return false;
  if (inFile === undefined) return true;
  const inForce = saidBySource(row);
  return Object.entries(saidBySource(inFile)).some(
    ([key, value]) => !Bun.deepEquals(value, inForce[key]),
  );
}

async function unstored(config: Config, rows: Parameters<typeof newOnes>[1] = []) {
  const found: Listed[] = [];
  for (const row of newOnes(config, rows)) {
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
