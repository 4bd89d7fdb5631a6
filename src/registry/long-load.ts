/** Models that take long to load are named: an await at the top level of a file may never end. */
import { formatDuration } from "../values/duration.ts";

/** ms */
export const LONG_LOAD = 5_000;

/** What is said after so long. */
export function longLoadWords(file: string): string {
  return `Still loading ${file} after ${formatDuration(LONG_LOAD)}: does its top level await something that never comes?`;
}
