/**
 * Collects the garbage of large requests and answers. JavaScript lets it grow with the memory of the machine, by hundreds
 * of MB, before it looks.
 */

const LEAST_BYTES = 16 * 1024 * 1024;

let left = 0;

/** @param bytes about how much a request or an answer has left behind. */
export function leaveGarbage(bytes: number): void {
  left += bytes;
  if (left < LEAST_BYTES || left < process.memoryUsage().heapUsed) return; // in a large program it takes longer
  left = 0;
  Bun.gc(true);
}
