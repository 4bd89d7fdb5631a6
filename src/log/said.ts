/** The prints of a task, in the form of the log. */
import { printable, printableJson } from "../printable.ts";
import type { Level } from "./events.ts";
import { withPriority } from "./journal.ts";
import { type LogOptions, lineHead } from "./log.ts";

/** The run of a task that says something. */
interface Speaker {
  readonly id: number;
  readonly attempt: number;
  readonly model: string;
  /** null: the task calls a plain function, whose name `model` is. */
  readonly method: string | null;
  readonly queue: string;
}

interface Said {
  readonly task: Speaker;
  readonly level: Level;
  readonly text: string;
  /** ms since 1970 UTC. */
  readonly time: number;
}

/** The most characters of what a task prints at once. */
const MOST_CHARACTERS = 1_000_000;

/** A carriage return would let a line write over its own beginning. */
const LINE_END = /\r\n|\n|\r/;

/**
 * The words of a task, as whole lines: in JSON as one object, in text with the time, the level and the task before each
 * line, and what could act on a terminal written out, as `tq logs` shows it.
 *
 * @example "2026-11-23 14:03:07.123+01:00 info  task 42: page 7\n"
 */
export function saidLines(said: Said, form: Pick<LogOptions, Form>): string {
  const lines = formSaid(said, form);
  return form.journal === true ? withPriority(said.level, lines) : lines;
}

type Form = "format" | "colour" | "journal";

function formSaid(
  { task, level, text, time }: Said,
  { format, colour }: Pick<LogOptions, Form>,
): string {
  const said = cutSaid(text).trimEnd();
  if (format === "json") {
    const { id, attempt, model, method, queue } = task;
    const head = { time: new Date(time).toISOString(), level, event: "task.said", message: said };
    return `${printableJson({ ...head, task: id, attempt, model, method, queue })}\n`;
  }
  const head = `${lineHead(level, time, colour)} task ${task.id}:`;
  return said
    .split(LINE_END)
    .map((line) => (line === "" ? `${head}\n` : `${head} ${printable(line)}\n`))
    .join("");
}

function cutSaid(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  const rest = text.length - MOST_CHARACTERS;
  return `${text.slice(0, MOST_CHARACTERS)}… (${rest} more characters)`;
}
