/** The recurring tasks that this folder knows: those in the database, and those of its files that no worker has taken up. */
import { saidBySource } from "../../src/cron/in-force.ts";
import type { CronRow, OriginKind } from "../../src/cron/ledger.ts";
import { mergeCrons } from "../../src/cron/merge.ts";
import { isOwn } from "../../src/cron/own.ts";
import { isTqError } from "../../src/errors.ts";
import { standardError } from "../../src/log/standard-stream.ts";
import { databaseExists } from "../../src/open-store.ts";
import type { Config } from "../../src/settings/config.ts";
import { layersOf } from "../../src/settings/cron-layers.ts";
import { recurringTasks } from "../../src/registry/recurring.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { Store } from "../../src/store/store.ts";
import { noSuch } from "../../src/tasks/cron/control.ts";
import { type Program, withExisting, withStore } from "../command/program.ts";
import { loadRegistry } from "../command/runtime.ts";

/** One that a file of this folder has. */
interface InFile {
  readonly name: string;
  readonly origin: string;
  readonly kind: OriginKind;
  readonly definition: string;
}

/** What the files of this folder say now. */
export interface FileCrons {
  readonly all: readonly InFile[];
  /** The files that were read. */
  readonly origins: readonly string[];
  /** False where the models cannot be loaded: then tq.toml may leave out what they say. */
  readonly hasModels: boolean;
}

/** Reads tq.toml and the models, which are user code. Where these cannot be loaded, a note says so. */
export async function readFiles(config: Config, program: Program): Promise<FileCrons> {
  if (config.models === null) return joined(config, []);
  try {
    return joined(config, await loadRegistry(config, program, standardError()));
  } catch (error) {
    if (!isTqError(error)) throw error;
    program.note(
      `Recurring tasks of models are those that a worker has taken up: ${error.message}`,
    );
    return { ...joined(config, []), hasModels: false };
  }
}

/** @param registry the models of this folder. */
export function joined({ models, file, cron }: Config, registry: Registry | []): FileCrons {
  const crons =
    models === null || Array.isArray(registry)
      ? []
      : [{ path: models, definitions: recurringTasks(registry.all()) }];
  const layers = layersOf(crons, file, cron);
  const { merged } = mergeCrons(layers);
  const all = merged.map(({ layer: { origin, kind }, definition: { name, text } }) => {
    return { name, origin, kind, definition: text };
  });
  return {
    all: all.filter(({ name }) => !isOwn(name)),
    origins: layers.map(({ origin }) => origin),
    hasModels: true,
  };
}

/** Those of files that are not in the database. */
export function newOnes({ all }: FileCrons, rows: readonly CronRow[]): CronRow[] {
  return all
    .filter(({ name }) => !rows.some((row) => row.name === name))
    .map((found) => ({
      ...found,
      held: false,
      isUnknown: false,
      others: [],
      override: {},
      decidedUntil: 0,
      former: [],
      zone: null,
      removedAt: null,
      waiting: null,
      waitingCount: 0,
    }));
}

/** True where its file says another thing of it than the database has, as no worker has read it anew. */
export function isOutdated(row: CronRow, files: FileCrons, config: Config): boolean {
  const { name, origin, removedAt } = row;
  if (!files.origins.includes(origin) || isOwn(name)) return false;
  const found = files.all.find((one) => one.name === name);
  if (removedAt !== null) return found !== undefined;
  const inForce = saidBySource(row);
  if (files.hasModels) {
    if (found === undefined || found.origin !== origin) return true;
    return !Bun.deepEquals(saidBySource(found), inForce);
  }
  const section = config.cron.find((one) => one.name === name);
  if (section === undefined) return true;
  return Object.entries(saidBySource(section)).some(
    ([key, value]) => !Bun.deepEquals(value, inForce[key]),
  );
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
  const open = files.all.some((one) => one.name === name) ? withStore : withExisting;
  return open(config, async (store) => {
    await takeUp(store, files, name);
    return fn(store);
  });
}

/** Puts one that a file has into the database, as a worker does at its start. @throws TqError "not_found" */
export async function takeUp(store: Store, files: FileCrons, name: string): Promise<void> {
  const rows = await store.cron.rows();
  if (rows.some((row) => row.name === name)) return;
  const all = newOnes(files, rows);
  const found = all.find((one) => one.name === name);
  if (found === undefined) {
    throw noSuch(
      name,
      [...rows, ...all].map((one) => one.name),
    );
  }
  const { origin, kind, definition } = found;
  await store.cron.add(origin, { name, definition }, kind);
}
