/** Backups are made, where they are asked for. */
import { definitionOf } from "../../cron/in-force.ts";
import { BACKUP } from "../../cron/own.ts";
import type { BackupRecord } from "../../store/backup.ts";
import { ago, backupWords, isOwnBackup } from "../../store/backup-words.ts";
import { HOUR_MS } from "../../values/duration.ts";
import { type Check, type Found, fromSentence } from "../check.ts";
import type { Examination } from "../examination.ts";

/** Backups are late once so many times of theirs have passed without one. */
const SLOTS = 2;

export const backup: Check = {
  name: "no_backup",
  subject: "the last backup",
  looks: ["doctor"],
  on: "file",
  async find(of) {
    const record = await of.backups();
    if (record === null) return [];
    const now = of.health.store.now();
    if (record.failed_at !== null) return [failureOf(record, now)];
    if (!(await isLate(record, of))) return [];
    const message = `${lateWords(record, now)}, and ${SLOTS} times of ${BACKUP} have passed`;
    const advice = `tq cron history ${BACKUP} says what became of them; tq cron run ${BACKUP} has a worker make one now`;
    return [{ message, advice }];
  },
  async fact(of) {
    const record = await of.backups();
    return record === null ? "none yet" : backupWords(record, of.health.store.now());
  },
  async hint(of) {
    if ((await of.backups()) !== null || of.health.config.backup.folder !== null) return "";
    return "none was ever made: tq backup FILE makes one, [backup] of tq.toml one each night";
  },
};

function failureOf({ failed_at: at, reason }: BackupRecord, now: number): Found {
  const { message, advice } = fromSentence(reason ?? "", "make one with tq backup");
  return { message: `The last backup, ${ago(at ?? now, now)}, failed: ${message}`, advice };
}

function lateWords(record: BackupRecord, now: number): string {
  const { made_at: made, path, restored_at: restored } = record;
  if (restored !== null && !isOwnBackup(record)) {
    return `No backup was made since this database was restored, ${ago(restored, now)}`;
  }
  return made === null
    ? "No backup was made yet"
    : `The last good backup was made ${ago(made, now)} (${path})`;
}

/** A backup takes its time: as much as lies between two, and an hour at most. */
async function isLate(record: BackupRecord, { health: { store } }: Examination): Promise<boolean> {
  const row = (await store.cron.rows()).find(({ name }) => name === BACKUP);
  if (row === undefined || row.removedAt !== null) return false;
  const { made_at: made, restored_at: restored } = record;
  if (made === null && restored === null) {
    const past = await store.cron.slots(BACKUP, SLOTS);
    return past.length === SLOTS && past.every(({ outcome }) => outcome !== "started");
  }
  const { schedule } = definitionOf(row);
  const first = schedule.next(Math.max(made ?? 0, restored ?? 0));
  const second = first === null ? null : schedule.next(first);
  if (first === null || second === null) return false;
  return store.now() > second + Math.min(second - first, HOUR_MS);
}
