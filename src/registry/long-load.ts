/** Names a file of models that takes long to load: an await at its top level may never end. */
import { formatDuration, MINUTE_MS } from "../values/duration.ts";

export const LONG_LOAD_MS = 5_000;

/** A load that takes longer is given up. */
export const LONGEST_LOAD_MS = MINUTE_MS;

export function longLoadWords(file: string): string {
  return `Still loading ${file} after ${formatDuration(LONG_LOAD_MS)}: does its top level await something that never comes?`;
}

export function tooLongLoadWords(file: string): string {
  return `Cannot load models from ${file}: they were not loaded after ${formatDuration(LONGEST_LOAD_MS)}; does their top level await something that never comes?`;
}
