/** Says in the log what became of slots, of many that were left out at once the first and the last one; and of definitions. */
import type { CronRow, CronSlot } from "../cron/ledger.ts";
import { placeOf, SAME_EVERYWHERE } from "../cron/origin.ts";
import type { Report } from "../log/events.ts";

/** @param slots those that one look has decided, the earliest first. A pause is said by who made it. */
export function saySlots(report: Report, slots: readonly CronSlot[]): void {
  for (const { cron, slot, outcome, reason, task } of slots) {
    if (outcome === "pushed") report({ name: "cron.pushed", cron, slot, task, reason });
  }
  for (const outcome of ["missed", "skipped", "waiting"] as const) {
    const those = slots.filter((one) => one.outcome === outcome);
    const [first, last] = [those[0], those.at(-1)];
    if (first === undefined || last === undefined) continue;
    const { cron, slot, reason } = last;
    const from = first.firstSlot ?? first.slot;
    const firstSlot = from === slot ? null : from;
    report({ name: "cron.passed", cron, slot, firstSlot, outcome, reason });
  }
}

/** Says whose definition is in force, and what to do. */
export function differingWords(
  name: string,
  origin: string,
  { kind, origin: other }: CronRow,
): string {
  const start = `recurring task ${name} of ${origin} is not in force`;
  if (kind === "database") return `${start}: tq cron add made one of that name; rename one`;
  const { host } = placeOf(other);
  if (host !== placeOf(origin).host) {
    return `${start}: ${other} says another thing of it, and counts as long as a worker of ${host} lives; ${SAME_EVERYWHERE}`;
  }
  return `${start}: another worker has one of that name from ${other}; rename one`;
}
