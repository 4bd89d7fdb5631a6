/** Recurring tasks of tq.toml that no worker has taken up: the database does not have them yet. */
import { saidBySource } from "../../cron/in-force.ts";
import { type CronRow, DATABASE_ORIGIN, kindOf } from "../../cron/ledger.ts";
import { isOwn } from "../../cron/own.ts";
import { isTqError } from "../../errors.ts";
import type { Config } from "../../settings/config.ts";
import { readCronFile } from "../../settings/cron-sections.ts";
import type { Store } from "../../store/store.ts";
import { noSuch } from "./control.ts";

/** The sections `[cron.name]` of a tq.toml. */
export type CronFile = Pick<Config, "file" | "cron">;

/** The file as it is now; as it was read before where it cannot be read. */
export function cronFileNow({ file, cron }: CronFile): CronFile {
  if (file === null) return { file, cron };
  try {
    return { file, cron: readCronFile(file, "the start of this program", cron) };
  } catch (error) {
    if (isTqError(error)) return { file, cron };
    throw error;
  }
}

/** Those that are not in the database. Where the file leaves the rest to a model, a worker knows more. */
export function newOnes({ file, cron }: CronFile, rows: readonly CronRow[]): CronRow[] {
  const origin = file ?? DATABASE_ORIGIN;
  return cron
    .filter(({ name }) => !rows.some((row) => row.name === name) && !isOwn(name))
    .map(({ name, definition }) => ({
      name,
      definition,
      origin,
      kind: kindOf({ origin }),
      held: false,
      others: [],
      override: {},
      decidedUntil: 0,
      removedAt: null,
      waiting: null,
    }))
    .filter(isWhole);
}

function isWhole(row: CronRow): boolean {
  const said = saidBySource(row);
  return "schedule" in said && "task" in said;
}

/** Of the database and of the file. @throws TqError "not_found" with the near name. */
export function knownRow(file: CronFile, rows: readonly CronRow[], name: string): CronRow {
  const all = [...rows, ...newOnes(file, rows)];
  const row = all.find((one) => one.name === name);
  if (row !== undefined) return row;
  throw noSuch(
    name,
    all.map((one) => one.name),
  );
}

/** Puts one that tq.toml has into the database, as a worker does at its start. @throws TqError "not_found" */
export async function takeUp(store: Store, file: CronFile, name: string): Promise<void> {
  const rows = await store.cron.rows();
  if (rows.some((row) => row.name === name)) return;
  const { origin, definition } = knownRow(file, rows, name);
  await store.cron.add(origin, { name, definition });
}
