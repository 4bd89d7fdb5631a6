/** The files of this folder that say recurring tasks, and the database for a change of one. */
import { isTqError } from "../../src/errors.ts";
import { standardError } from "../../src/log/standard-stream.ts";
import { databaseExists } from "../../src/open-store.ts";
import { modelCrons } from "../../src/registry/recurring.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { Config } from "../../src/settings/config.ts";
import { shownStore } from "../../src/store/shown/shown-store.ts";
import type { Store } from "../../src/store/store.ts";
import { type FileCrons, isInFiles, mergeFiles, takeUp } from "../../src/tasks/cron/known.ts";
import { type Program, withExisting, withStore } from "../command/program.ts";
import { loadRegistry } from "../command/runtime.ts";

/** Reads tq.toml and the models, which are user code. Where these cannot be loaded, a note says so. */
export async function readFiles(config: Config, program: Program): Promise<FileCrons> {
  if (config.models === null) return mergeFiles([], config);
  try {
    return joined(config, await loadRegistry(config, program, standardError()));
  } catch (error) {
    if (!isTqError(error)) throw error;
    program.note(
      `Recurring tasks of models are those that a worker has taken up: ${error.message}`,
    );
    return mergeFiles(null, config);
  }
}

/** @param registry the models of this folder. */
export function joined(config: Config, registry: Registry): FileCrons {
  const { models: path } = config;
  if (path === null) return mergeFiles([], config);
  return mergeFiles([modelCrons(path, registry.all())], config);
}

/** Opens the database for a change of one. A database is made where a file has it. */
export async function withKnown<T>(
  config: Config,
  program: Program,
  name: string,
  fn: (store: Store) => Promise<T>,
): Promise<T> {
  if (databaseExists(config)) {
    return withExisting(config, async (store) => {
      const rows = await store.cron.rows();
      const isKnown = rows.some((row) => row.name === name);
      if (!isKnown) await takeUp(store, await readFiles(config, program), name);
      return fn(store);
    });
  }
  const files = await readFiles(config, program);
  const open = isInFiles(files, name) ? withStore : withExisting;
  return open(config, async (stored) => {
    const store = shownStore(stored, config.admin.redact);
    await takeUp(store, files, name);
    return fn(store);
  });
}
