/** `tq backup FILE|FOLDER`: copies the database while it is in use. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf, TqError } from "../src/errors.ts";
import { backUpDatabase, databaseExists, peekAt, SCHEMA_VERSION } from "../src/open-store.ts";
import type { Config } from "../src/settings/config.ts";
import { monotonicNow } from "../src/clock.ts";
import type { Backup, BackupEnd } from "../src/store/backup.ts";
import { uncountedWords } from "../src/store/backup-words.ts";
import { formatDuration } from "../src/values/duration.ts";
import { formatSize } from "../src/values/size.ts";
import { command } from "./command/command.ts";
import { noDatabase, toLook, withExisting } from "./command/program.ts";
import { readWhole } from "./command/values.ts";
import { taskWords } from "./terminal/task-words.ts";

export const backup = command({
  name: "backup",
  description: "Copy the database into a file or a folder, while workers run, and check the copy",
  flags: {
    to: {
      type: "positional",
      isPath: true,
      required: false,
      valueHint: "FILE",
      description:
        "A new file, or a folder, in which the copy has the time in its name (default: backup.folder)",
    },
    keep: {
      type: "string",
      valueHint: "N",
      description: "In a folder delete the oldest copies, so that N stay (default: all stay)",
    },
  },
  run: async ({ to, keep: given }, program) => {
    const config = program.config();
    const kept = given === undefined ? null : readWhole(given, "--keep", 1, 10_000);
    const started = monotonicNow();
    const made = await (to === undefined
      ? backUpAsSet(config, kept)
      : toLook(config, (store) => store.backup(pathOf(to), kept)));
    const took = monotonicNow() - started;
    program.answer({ ...made, took_ms: Math.round(took) }, () => made.path);
    const words = `${taskWords(made.tasks)}; ${formatSize(made.size)}, checked, in ${formatDuration(Math.round(took))}`;
    program.note(`The copy has ${words}`);
    for (const file of made.deleted) program.note(`Deleted ${file}`);
    for (const words of uncountedWords(made.uncounted)) program.note(words);
  },
});

async function backUpAsSet(config: Config, keep: number | null): Promise<Backup> {
  const { backup } = config;
  if (backup.folder === null) {
    const what = "name a file or a folder, or set folder in the section [backup] of tq.toml";
    throw new TqError("invalid", `Cannot back up: ${what}`);
  }
  if (!databaseExists(config)) throw noDatabase(config);
  const asSet = { ...config, backup: { ...backup, keep: keep ?? backup.keep } };
  try {
    const made = await backUpDatabase(asSet);
    await remember(config, made);
    return made;
  } catch (error) {
    await remember(config, { reason: messageOf(error) });
    throw error;
  }
}

/** A database of an older version is not brought to this one by its backup. */
async function remember(config: Config, end: BackupEnd): Promise<void> {
  try {
    if (config.database.url !== null) return;
    if ((await peekAt(config))?.schema !== SCHEMA_VERSION) return;
    await withExisting(config, (store) => store.condition.rememberBackup(end));
  } catch {
    // The copy is there, or what is wrong with it is told: that is what counts.
  }
}

/** A path that ends with a slash is meant as a folder. */
function pathOf(to: string): string {
  const path = resolve(to);
  if (!/[/\\]$/.test(to) || existsSync(path)) return path;
  throw new TqError("invalid", `Cannot back up: the folder ${path} does not exist; make it first`);
}
