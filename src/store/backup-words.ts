/** The words for how the backups of a database went, wherever they are shown. */
import { cut } from "../quote.ts";
import { formatAge } from "../values/duration.ts";
import type { BackupRecord, UncountedFile } from "./backup.ts";

/** True where the last good one was made of this very database: not before it was restored. */
export function isOwnBackup({ made_at: made, restored_at: restored }: BackupRecord): boolean {
  return made !== null && (restored === null || made > restored);
}

/** `3 h ago: /mnt/tq-2026-11-30T033000.123Z.db`, and whether the last try has failed. */
export function backupWords(record: BackupRecord, now: number): string {
  return [...lastWords(record, now), ...failureWords(record, now)].join("; ");
}

function lastWords(record: BackupRecord, now: number): string[] {
  const { made_at: made, restored_at: restored, path } = record;
  const last = made === null ? null : `${ago(made, now)}: ${path}`;
  if (restored === null || isOwnBackup(record)) return [last ?? "none yet"];
  const none = `none since this database was restored, ${ago(restored, now)}`;
  return last === null ? [none] : [none, `the last one that its copy knew of, ${last}`];
}

function failureWords({ failed_at: failed, reason }: BackupRecord, now: number): string[] {
  return failed === null ? [] : [`the last try, ${ago(failed, now)}, failed: ${cut(reason ?? "")}`];
}

/** One sentence for each place that they are of. */
export function uncountedWords(files: readonly UncountedFile[]): string[] {
  const byPlace = Map.groupBy(files, ({ place }) => place);
  return [...byPlace].map(([place, of]) => {
    const { length } = of;
    const last = `${length === 1 ? "" : "the last is "}${of.at(-1)?.path}`;
    const what =
      place === null
        ? `${length === 1 ? "1 file that does" : `${length} files that do`} not say of which database (${last})`
        : `${length === 1 ? "1 copy" : `${length} copies`} of ${place} (${last}): this database was there before it was moved, or is a copy of that one`;
    return `Not counted, and not deleted: ${what}; delete by hand what nobody needs`;
  });
}

/** A clock that was ahead has left times that are to come. */
export function ago(at: number, now: number): string {
  return `${formatAge(Math.max(0, now - at))} ago`;
}
