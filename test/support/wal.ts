/** What a write-ahead log says of itself: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
import { readFileSync } from "node:fs";

const HEADER = 32;
const FRAME_HEADER = 24;

/** Transactions that have been committed to the log of this database since it began anew. */
export function commitsIn(database: string): number {
  const bytes = readFileSync(`${database}-wal`);
  if (bytes.length < HEADER) return 0;
  const log = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frame = FRAME_HEADER + log.getUint32(8);
  const salt = log.getBigUint64(16);
  let commits = 0;
  for (let at = HEADER; at + frame <= bytes.length; at += frame) {
    if (log.getBigUint64(at + 8) !== salt) break; // of the log before this one
    if (log.getUint32(at + 4) > 0) commits += 1; // the last page of a transaction has the size of the file
  }
  return commits;
}
