/** How the backups of a database went, in words. */
import { expect, test } from "bun:test";
import { NO_BACKUP } from "../../src/store/backup.ts";
import { backupWords } from "../../src/store/backup-words.ts";

const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const MADE = { made_at: NOW - 3 * HOUR, path: "/mnt/tq.db", size: 7 };

test.each([
  [{}, "none yet"],
  [MADE, "3 h ago: /mnt/tq.db"],
  [
    { ...MADE, failed_at: NOW - HOUR, reason: "the disk is full" },
    "3 h ago: /mnt/tq.db; the last try, 1 h ago, failed: the disk is full",
  ],
  [{ restored_at: NOW - HOUR }, "none since this database was restored, 1 h ago"],
  [
    { ...MADE, restored_at: NOW - HOUR },
    "none since this database was restored, 1 h ago; the last one that its copy knew of, 3 h ago: /mnt/tq.db",
  ],
  [{ ...MADE, restored_at: NOW - 4 * HOUR }, "3 h ago: /mnt/tq.db"],
  [{ ...MADE, made_at: NOW + HOUR }, "under 1 s ago: /mnt/tq.db"],
])("the record %j is said as %j", (record, words) => {
  expect(backupWords({ ...NO_BACKUP, ...record }, NOW)).toBe(words);
});
