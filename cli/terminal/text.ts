/** Text for a terminal: cut and padded to columns, and sizes and times in short forms. */

/** Cuts a text to `width` columns of a terminal; an ellipsis marks the cut. */
export function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  const short = Bun.sliceAnsi(text, 0, width, "…");
  // When the ellipsis replaces half of a wide character, Bun's result is one column too wide.
  return Bun.stringWidth(short) <= width ? short : Bun.sliceAnsi(text, 0, width - 1, "…");
}

/** Fills a text with spaces to `width` columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
  return align === "left" ? text + space : space + text;
}

/** `1 task`, `2 tasks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Local time to the second, such as `2026-07-31 14:05:09`. @param ms since 1970 UTC */
export function formatTime(ms: number | null): string {
  if (ms === null) return "";
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return String(ms);
  const parts = [
    date.getMonth() + 1,
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
  ];
  const [month, day, hour, minute, second] = parts.map((part) => String(part).padStart(2, "0"));
  return `${date.getFullYear()}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** A terminal with fewer columns shows times without year and seconds. */
const FULL_TIME_WIDTH = 100;

/** Local time as a terminal of this width has room for: in a narrow one `07-31 14:05`. */
export function formatTimeIn(width: number | null, ms: number | null): string {
  const time = formatTime(ms);
  if (width === null || width >= FULL_TIME_WIDTH) return time;
  return time.replace(/^\d{4}-(.*):\d\d$/, "$1");
}

/** Local time as a line that is looked at has room for: in a narrow terminal `14:05:09`. */
export function formatTimeOfDay(width: number | null, ms: number): string {
  const time = formatTime(ms);
  return width === null || width >= FULL_TIME_WIDTH ? time : time.replace(/^\S+ /, "");
}

/** Breaks a sentence between its words where it is wider than the terminal. */
export function wrapped(text: string, width: number | null): string {
  return width === null ? text : Bun.wrapAnsi(text, width, { wordWrap: true });
}
