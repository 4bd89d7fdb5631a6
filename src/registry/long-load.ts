/** Names a file of models that takes long to load: an await at its top level may never end. */
import { formatDuration } from "../values/duration.ts";

export const LONG_LOAD_MS = 5_000;

export function longLoadWords(file: string): string {
  return `Still loading ${file} after ${formatDuration(LONG_LOAD_MS)}: does its top level await something that never comes?`;
}
