/** Says in the log what became of slots: of many that were left out at once it says the first and the last one. */
import type { CronSlot } from "../cron/ledger.ts";
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
