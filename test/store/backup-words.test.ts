/** How the backups of a database went, in words. */
import { expect, test } from "bun:test";
import { NO_BACKUP } from "../../src/store/backup.ts";
import { backupWords, uncountedWords } from "../../src/store/backup-words.ts";

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

const HAND = "delete by hand what nobody needs";

test("files that are not counted are said by the place that they are of", () => {
  const file = (n: number, place: string | null) => ({ path: `/mnt/tq-${n}.db`, place });
  expect(uncountedWords([])).toEqual([]);
  expect(uncountedWords([file(1, null), file(2, "shop:/old/tq.db"), file(3, null)])).toEqual([
    `Not counted, and not deleted: 2 files that do not say of which database (the last is /mnt/tq-3.db); ${HAND}`,
    `Not counted, and not deleted: 1 copy of shop:/old/tq.db (/mnt/tq-2.db): this database was there before it was moved, or is a copy of that one; ${HAND}`,
  ]);
});
