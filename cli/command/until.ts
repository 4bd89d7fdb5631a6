/** `--until` of `tq pause` and `tq cron pause`: when a pause ends by itself. */
import { parseMoment } from "../../src/values/moment.ts";
import { time } from "../../src/values/option-kinds.ts";

export const UNTIL_FLAG = {
  type: "string",
  valueHint: "2h",
  description: "Resume by itself then: after a length of time, or at a time such as 14:00",
} as const;

const UNTIL = time();

/** A time of day is the next one in local time. @returns ms since 1970 UTC */
export function readUntil(text: string, now: number): number {
  if (!/^\d\d?:\d\d$/.test(text)) {
    const read = UNTIL.readText(text, "--until");
    return UNTIL.read(read, "--until", { now, batchSize: null });
  }
  const clock = text.padStart(5, "0");
  const at = (days: number) => {
    const day = Temporal.Now.plainDateISO().add({ days });
    return parseMoment(`${day}T${clock}`, "--until");
  };
  const today = at(0);
  return today > now ? today : at(1);
}
