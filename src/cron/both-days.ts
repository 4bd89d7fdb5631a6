/** Says what a schedule means that names both days of the month and weekdays: many expect the other meaning. */
import { valuesOf, writtenFields } from "./fields.ts";
import { readSchedule, type Schedule } from "./schedule.ts";
import { nextSlots } from "./slots.ts";

/** Slots of this many days show whether both must match. */
const COMPARED = 40;

/** @returns null where it names one of them alone, or none. */
export function bothDaysWords({ text }: Schedule): string | null {
  const fields = writtenFields(text);
  if (fields === null) return null;
  const [, , day = "*", month = "*", weekday = "*"] = fields;
  if (day === "*" || weekday === "*") return null;
  const { days, weekdays } = valuesOf(fields);
  const daily = readSchedule(`0 0 ${day} ${month} ${weekday}`, "UTC", text);
  const isBoth = nextSlots(daily, Date.UTC(2027, 0, 1), COMPARED).every((slot) => {
    const date = new Date(slot);
    return days.includes(date.getUTCDate()) && weekdays.includes(date.getUTCDay());
  });
  return isBoth
    ? `It runs on days that match both the day of the month (${day}) and the weekday (${weekday})`
    : `It runs on each day that matches the day of the month (${day}) or the weekday (${weekday}): one of them is enough`;
}
