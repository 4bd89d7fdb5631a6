/** The line by which failed tasks are told apart: groups of them, and the filter that finds a group. */

/** Of a longer line the beginning tells the groups apart: a message may have ten thousand characters. */
export const ERROR_CHARACTERS = 300;

/** The first line of a reason, as a filter takes it: without NUL. Characters count as a database counts them. */
export function errorOf(reason: string): string {
  const [line = ""] = reason.split(/[\n\0]/, 1);
  if (line.length <= ERROR_CHARACTERS) return line;
  return Array.from(line).slice(0, ERROR_CHARACTERS).join("");
}
