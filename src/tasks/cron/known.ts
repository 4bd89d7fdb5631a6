/** Recurring tasks of models and tq.toml, which the database may not have yet: no worker has taken them up. */
import { saidBySource } from "../../cron/in-force.ts";
import type { CronRow, CronText, OriginKind } from "../../cron/ledger.ts";
import { mergeCrons, type ModelCrons } from "../../cron/merge.ts";
import { unremovableWords } from "../../cron/origin.ts";
import { isOwn } from "../../cron/own.ts";
import { isTqError, TqError } from "../../errors.ts";
import { type CronSettings, layersOf, OWN_LAYER } from "../../settings/cron-layers.ts";
import { readCronFile } from "../../settings/cron-file.ts";
import type { Store } from "../../store/store.ts";
import { noSuch } from "./control.ts";

/** One that a file has. */
interface InFile {
  readonly name: string;
  readonly origin: string;
  readonly kind: OriginKind;
  readonly definition: string;
}

/** The recurring tasks that models and tq.toml say together. */
export interface FileCrons {
  readonly all: readonly InFile[];
  /** tq's own, as a worker would take them up. */
  readonly own: readonly InFile[];
  /** The files that were read. */
  readonly origins: readonly string[];
  /** The sections of tq.toml. */
  readonly sections: readonly CronText[];
  /** False where the models cannot be loaded: then tq.toml may leave out what they say. */
  readonly hasModels: boolean;
  /** The methods of these models that are called on records, such as "invoice.send". */
  readonly onRecords: readonly string[];
}

export const NO_FILES: FileCrons = {
  all: [],
  own: [],
  origins: [],
  sections: [],
  hasModels: true,
  onRecords: [],
};

/** The file as it is now; as it was read before where it cannot be read. */
export function cronFileNow(settings: CronSettings): CronSettings {
  const { file, cron } = settings;
  if (file === null) return settings;
  try {
    return { ...settings, cron: readCronFile(file, "the start of this program", cron) };
  } catch (error) {
    if (isTqError(error)) return settings;
    throw error;
  }
}

/** @param models the ones that the models say; null: they cannot be loaded. */
export function mergeFiles(
  models: readonly ModelCrons[] | null,
  settings: CronSettings,
): FileCrons {
  const layers = layersOf(models ?? [], settings);
  const { merged } = mergeCrons([OWN_LAYER, ...layers]);
  const found = merged.map(({ layer: { origin, kind }, definition: { name, text } }) => {
    return { name, origin, kind, definition: text };
  });
  return {
    all: found.filter(({ kind }) => kind !== "tq"),
    own: found.filter(({ kind }) => kind === "tq"),
    origins: layers.map(({ origin }) => origin),
    sections: settings.cron,
    hasModels: models !== null,
    onRecords: (models ?? []).flatMap(({ onRecords }) => onRecords),
  };
}

/** Those of files that are not in the database. */
export function newOnes(found: readonly InFile[], rows: readonly CronRow[]): CronRow[] {
  return found
    .filter(({ name }) => !rows.some((row) => row.name === name))
    .map((one) => ({
      ...one,
      held: false,
      heldSince: 0,
      leftAt: null,
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
export function isOutdated(row: CronRow, files: FileCrons): boolean {
  const { name, origin, removedAt } = row;
  if (!files.origins.includes(origin) || isOwn(name)) return false;
  const found = files.all.find((one) => one.name === name);
  if (removedAt !== null) return found !== undefined;
  const inForce = saidBySource(row);
  if (files.hasModels) {
    if (found === undefined || found.origin !== origin) return true;
    return !Bun.deepEquals(saidBySource(found), inForce);
  }
  const section = files.sections.find((one) => one.name === name);
  if (section === undefined) return true;
  return Object.entries(saidBySource(section)).some(
    ([key, value]) => !Bun.deepEquals(value, inForce[key]),
  );
}

/** True where `takeUp` has it, though the database may not. */
export function isInFiles({ all, own }: FileCrons, name: string): boolean {
  return [...all, ...own].some((one) => one.name === name);
}

/** Of the database and of files. @throws TqError "not_found" with the near name. */
export function knownRow(files: FileCrons, rows: readonly CronRow[], name: string): CronRow {
  const all = [...rows, ...newOnes([...files.all, ...files.own], rows)];
  const row = all.find((one) => one.name === name);
  if (row !== undefined) return row;
  throw noSuch(
    name,
    all.map((one) => one.name),
  );
}

/** @throws TqError "conflict" for one that a file has, or tq itself, also where no worker has taken it up */
export async function removeCron(
  store: Store,
  files: () => Promise<FileCrons>,
  name: string,
): Promise<void> {
  const rows = await store.cron.rows();
  if (!rows.some((row) => row.name === name)) {
    const refusal = unremovableWords(knownRow(await files(), rows, name));
    if (refusal !== null) throw new TqError("conflict", refusal);
  }
  await store.cron.remove(name);
}

/** Puts one that a file has into the database, as a worker does at its start. @throws TqError "not_found" */
export async function takeUp(store: Store, files: FileCrons, name: string): Promise<void> {
  const rows = await store.cron.rows();
  if (rows.some((row) => row.name === name)) return;
  const { origin, kind, definition } = knownRow(files, rows, name);
  await store.cron.add(origin, { name, definition }, kind);
}
