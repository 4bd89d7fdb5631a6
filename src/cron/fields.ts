/** The values of each field of a cron expression, as Bun.cron finds them: asking it is safer than a second parser. */

export interface Fields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
}

/** The five fields of the nicknames that Bun.cron knows. */
const NICKNAMES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** The five fields of an expression as they are written; null where it has others. */
export function writtenFields(expression: string): readonly string[] | null {
  const fields = (NICKNAMES[expression.toLowerCase()] ?? expression).split(" ");
  return fields.length === 5 ? fields : null;
}

/** 1 January 2001 was a Monday; the month has 31 days. */
const FROM = Date.UTC(2001, 0, 1);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @param written the fields of an expression that was read. */
export function valuesOf([minute, hour, day, month, weekday]: readonly string[]): Fields {
  return {
    minutes: found(`${minute} * * * *`, HOUR_MS, (time) => time.getUTCMinutes()),
    hours: found(`0 ${hour} * * *`, DAY_MS, (time) => time.getUTCHours()),
    days: found(`0 0 ${day} * *`, 31 * DAY_MS, (time) => time.getUTCDate()),
    months: found(`0 0 1 ${month} *`, 365 * DAY_MS, (time) => time.getUTCMonth() + 1),
    weekdays: found(`0 0 * * ${weekday}`, 7 * DAY_MS, (time) => time.getUTCDay()),
  };
}

function found(expression: string, span: number, valueOf: (time: Date) => number): number[] {
  const values: number[] = [];
  let time = Bun.cron.parse(expression, FROM - 1, { tz: "UTC" });
  while (time !== null && time.getTime() < FROM + span) {
    values.push(valueOf(time));
    time = Bun.cron.parse(expression, time, { tz: "UTC" });
  }
  return values.toSorted((a, b) => a - b);
}
