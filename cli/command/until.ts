/** `--until` of `tq pause` and `tq cron pause`: when a pause ends by itself. */
import { time } from "../../src/values/option-kinds.ts";

export const UNTIL_FLAG = {
  type: "string",
  valueHint: "2h",
  description: "Resume by itself then: after a length of time, or at a time such as 14:00",
} as const;

const UNTIL = time();

/** @returns ms since 1970 UTC */
export function readUntil(text: string, now: number): number {
  const read = UNTIL.readText(text, "--until");
  return UNTIL.read(read, "--until", { now, batchSize: null });
}
