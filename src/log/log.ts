/** The log: each event as one line, as text for people or as JSON. */
import { type Clock, setImmediate } from "../clock.ts";
import { LEVELS, levelOf } from "./events.ts";
import type { Event, Level, Report } from "./events.ts";
import { withPriority } from "./journal.ts";
import { printable, printableJson } from "../printable.ts";
import { eventWords } from "./words.ts";
import { UnwrittenError } from "./standard-stream.ts";

export interface TextOptions {
  readonly colour: boolean;
  /** Writes an error's stack on indented lines below. */
  readonly stack?: boolean;
}

export interface LogOptions {
  /** Less urgent events are left out. */
  readonly level: Level;
  readonly format: "text" | "json";
  /** Receives whole lines; an error that it throws is caught. */
  readonly write: (lines: string) => void;
  readonly clock: Clock;
  readonly colour: boolean;
  /** The lines go to the journal of systemd, and tell it how urgent each is. */
  readonly journal?: boolean;
}

/** A report that writes lines; `flush` writes those gathered so far, for the end of the process. */
export type Log = Report & { readonly flush: () => void };

/** The most characters to gather: more are written before the end of this turn of the event loop. */
const MAX_GATHERED = 65_536;

/** A log that gathers lines and writes them together at the end of this turn of the event loop. */
export function createLog(options: LogOptions): Log {
  const { level, format, write, clock, colour, journal = false } = options;
  const limit = LEVELS.indexOf(level);
  const stack = level === "debug";
  let gathered = "";
  let lines = 0;
  let lost = 0;
  let scheduled = false;

  function line(event: Event): string {
    const time = clock.now();
    const text =
      format === "json" ? formatJson(event, time) : formatText(event, time, { colour, stack });
    return journal ? withPriority(levelOf(event), text) : text;
  }

  function report(event: Event): void {
    if (LEVELS.indexOf(levelOf(event)) > limit) return;
    gathered += `${line(event)}\n`;
    lines += 1;
    if (gathered.length > MAX_GATHERED) return flush();
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    scheduled = false;
    if (lines === 0) return;
    const text = lost === 0 ? gathered : `${line(lossNote(lost))}\n${gathered}`;
    const count = lines;
    gathered = "";
    lines = 0;
    try {
      write(text);
      lost = 0;
    } catch (error) {
      // The loss is noted before the next lines that can be written.
      const unwritten = error instanceof UnwrittenError ? error.lines : Infinity;
      // With more lines unwritten than gathered, the note of an earlier loss is lost too.
      lost = unwritten <= count ? unwritten : lost + count;
    }
  }

  return Object.assign(report, { flush });
}

function lossNote(lost: number): Event {
  const message =
    lost === 1
      ? "1 line of the log was lost: it could not be written"
      : `${lost} lines of the log were lost: they could not be written`;
  return { name: "log.note", level: "warn", message };
}

const COLOURS: Record<Level, string> = { error: "31", warn: "33", info: "32", debug: "2" };

/**
 * An event as a line for people, without its end of line:
 * `2026-11-23 14:03:07.123+01:00 info  task 42 finished  sale.process  run 1  3.1 ms`
 *
 * @param time ms since 1970 UTC, written as local time with its offset
 */
export function formatText(event: Event, time: number, { colour, stack }: TextOptions): string {
  const line = `${lineHead(levelOf(event), time, colour)} ${printable(eventWords(event))}`;
  if (!stack || !("error" in event) || event.error.stack === null) return line;
  const frames = event.error.stack.split("\n").map((frame) => `    ${printable(frame.trim())}`);
  return [line, ...frames].join("\n");
}

/** The time and the level before the words of a line. */
export function lineHead(level: Level, time: number, colour: boolean): string {
  const padded = level.padEnd(5);
  return `${localTime(time)} ${colour ? `\u001b[${COLOURS[level]}m${padded}\u001b[0m` : padded}`;
}

/**
 * An event as one JSON object: `time` (ISO 8601, UTC), `level`, `event`, `message` (the words of
 * the text format), then the event's own fields. Durations are ms.
 */
export function formatJson(event: Event, time: number): string {
  const { name, ...fields } = event;
  const level = levelOf(event);
  const head = {
    time: new Date(time).toISOString(),
    level,
    event: name,
    message: eventWords(event),
  };
  return printableJson({ ...head, ...fields });
}

/** True on a terminal, unless NO_COLOR or TERM says otherwise. FORCE_COLOR decides before all of them, as in Node. */
export function wantsColour(
  terminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced) return forced !== "0" && forced !== "false";
  return terminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** The last second and its text: to format it for each line would take two thirds of the line's time. */
let last = { second: Number.NaN, text: "", offset: "" };

/** Readable and unambiguous: the offset tells the two 02:30 of a night in autumn apart. */
function localTime(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== last.second) last = { second, ...localSecond(second * 1000) };
  return `${last.text}.${String(time - second * 1000).padStart(3, "0")}${last.offset}`;
}

function localSecond(time: number): { text: string; offset: string } {
  const offset = -new Date(time).getTimezoneOffset();
  const text = new Date(time + offset * 60_000).toISOString().slice(0, 19).replace("T", " ");
  const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, "0");
  const minutes = String(Math.abs(offset) % 60).padStart(2, "0");
  return { text, offset: `${offset < 0 ? "-" : "+"}${hours}:${minutes}` };
}
