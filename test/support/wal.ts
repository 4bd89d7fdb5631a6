/** Reads the file of a WAL: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
import { readAside } from "./aside.ts";

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Counts the transactions committed to the WAL of this database since its last restart. */
export function commitsIn(database: string): number {
  const bytes = readAside(`${database}-wal`);
  if (bytes.length < HEADER_BYTES) return 0;
  const wal = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frame = FRAME_HEADER_BYTES + wal.getUint32(8);
  const salt = wal.getBigUint64(16);
  let commits = 0;
  for (let at = HEADER_BYTES; at + frame <= bytes.length; at += frame) {
    if (wal.getBigUint64(at + 8) !== salt) break; // a frame from before the restart
    if (wal.getUint32(at + 4) > 0) commits += 1; // the last page of a transaction has the size of the file
  }
  return commits;
}
