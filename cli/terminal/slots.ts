/** The history of a recurring task as text for people. */
import { printable } from "../../src/printable.ts";
import { offsetOfTwice } from "../../src/values/time-zone.ts";
import type { RecurringSlot } from "../../src/tasks/cron/recurring.ts";
import { becameWords, indented, NARROW } from "./recurring.ts";
import { type Column, GAP_WIDTH, table, widthOf } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";
import { formatTime } from "./text.ts";

const COLUMNS: readonly Column[] = [
  { title: "slot" },
  { title: "outcome" },
  { title: "task", align: "right" },
  { title: "state" },
];

const NARROW_COLUMNS: readonly Column[] = [{ title: "slot" }, { title: "became" }];

const WHY: Column = { title: "why", min: 0 };

/** Where not all reasons have room in the lines of their slots, they stand below them. */
export function slotTable(slots: readonly RecurringSlot[], terminal: Terminal): string {
  const { width } = terminal;
  const heading = (line: string) => paint(terminal, "bold", line);
  const isNarrow = width !== null && width < NARROW;
  const columns = isNarrow ? NARROW_COLUMNS : COLUMNS;
  const rows = slots.map(isNarrow ? narrowCells : cells);
  const reasons = slots.map(({ reason }) => printable(reason ?? ""));
  const [head = "", ...lines] = table(columns, rows, { width, heading }).split("\n");
  if (width === null || width - widthOf(lines) - GAP_WIDTH >= widthOf(reasons)) {
    const all = rows.map((row, at) => [...row, slots[at]?.reason ?? ""]);
    return table([...columns, WHY], all, { width, heading });
  }
  const below = (at: number) => (reasons[at] ? indented(reasons[at], width) : []);
  return [head, ...lines.flatMap((line, at) => [line, ...below(at)])].join("\n");
}

function cells({ slot, outcome, task, state }: RecurringSlot): string[] {
  const ended = state ?? (task === null ? "" : "deleted");
  return [slotTime(slot), outcome, task === null ? "" : String(task), ended];
}

/** With the offset where the clock here comes to it twice. */
function slotTime(slot: number): string {
  const offset = offsetOfTwice(slot, Temporal.Now.timeZoneId());
  return `${formatTime(slot)}${offset === null ? "" : ` ${offset}`}`;
}

/** Without the year, but with the seconds: a slot can come each second. */
function narrowCells(slot: RecurringSlot): string[] {
  return [slotTime(slot.slot).replace(/^\d{4}-/, ""), becameWords(slot)];
}
