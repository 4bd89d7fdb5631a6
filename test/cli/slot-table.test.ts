/** The history of a recurring task in terminals of several widths. */
import { expect, test } from "bun:test";
import { slotTable } from "../../cli/terminal/slots.ts";
import type { RecurringSlot } from "../../src/tasks/cron/recurring.ts";

const AT = new Date(2026, 10, 29, 14, 5, 10).getTime();
const WHY =
  "the machine slept then, or its clock was set forward; only the last such slot may run; so were earlier slots, from 2026-11-20 02:30:00 on";

const SLOTS: readonly RecurringSlot[] = [
  {
    slot: AT,
    first_slot: null,
    outcome: "pushed",
    reason: null,
    decided_at: AT,
    task: 41,
    state: "finished",
  },
  {
    slot: AT - 10_000,
    first_slot: AT - 900_000,
    outcome: "missed",
    reason: WHY,
    decided_at: AT,
    task: null,
    state: null,
  },
];

function lines(width: number | null): string[] {
  return slotTable(SLOTS, { width, colour: false }).split("\n");
}

test("where there is room, the reason stands in the line of its slot", () => {
  for (const width of [null, 200]) {
    expect(lines(width)).toEqual([
      "slot                 outcome  task  state     why",
      "2026-11-29 14:05:10  pushed     41  finished",
      `2026-11-29 14:05:00  missed                   ${WHY}`,
    ]);
  }
});

test("of eighty columns it has the whole reason below the slot", () => {
  const [head, pushed, missed, ...why] = lines(80);
  expect([head, pushed, missed]).toEqual([
    "slot                 outcome  task  state",
    "2026-11-29 14:05:10  pushed     41  finished",
    "2026-11-29 14:05:00  missed",
  ]);
  expect(why.map((line) => line.trim()).join(" ")).toBe(WHY);
  for (const line of lines(80)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80);
});

test("of forty columns it keeps the seconds, the outcome, the task and the reason", () => {
  const [head, pushed, missed, ...why] = lines(40);
  expect([head, pushed, missed]).toEqual([
    "slot            became",
    "11-29 14:05:10  finished (41)",
    "11-29 14:05:00  missed",
  ]);
  expect(why.map((line) => line.trim()).join(" ")).toBe(WHY);
  for (const line of lines(40)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(40);
});
