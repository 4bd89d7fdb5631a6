/**
 * Collects the garbage of large requests and answers. JavaScript lets it grow with the memory of the machine, by hundreds
 * of MB, before it looks.
 */
import { releasePages } from "../executable-pages.ts";

const LEAST_BYTES = 8 * 1024 * 1024;

let left = 0;

/** @param bytes about how much a request or an answer has left behind. */
export function leaveGarbage(bytes: number): void {
  left += bytes;
  if (left < LEAST_BYTES || left < objectBytes()) return; // where there are many objects it takes longer
  left = 0;
  Bun.gc(true);
  releasePages();
}

/** Without the bytes of bodies, which are not looked at. */
function objectBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed - external;
}
