/** The output of tasks while they run: lines, and how far they are. */
import type { Level } from "../log/events.ts";

/** The most characters that are kept of one run; the oldest go first. */
export const MOST_CHARACTERS = 256_000;

/** A line that a task has printed or logged. */
export interface OutputLine {
  /** ms since 1970 UTC. */
  readonly at: number;
  readonly level: Level;
  readonly text: string;
}

/** How far a task is, as it said last. */
export interface TaskProgress {
  /** ms since 1970 UTC. */
  readonly at: number;
  readonly done: number;
  /** null: the task does not know. */
  readonly total: number | null;
  readonly text: string | null;
}

/** The output of one run of a task. */
export interface RunOutput {
  /** The number of the run: as in `tq_attempts`. */
  readonly attempt: number;
  readonly lines: readonly OutputLine[];
  readonly progress: TaskProgress | null;
  /** Characters of older lines that were not kept. */
  readonly cut: number;
}

/**
 * Shows other processes what the present run of a thread says, without waiting for any lock. Nothing that it cannot show
 * is an error: the lines are kept with the run all the same.
 */
export interface LiveOutput {
  /** A run begins to say something: what an earlier one has said is forgotten. */
  begin(task: number, attempt: number): void;
  /** @param text whole lines. */
  append(text: string): void;
  /** Replaces all that the run has said so far. */
  replace(text: string): void;
}

/** The text of a run's output: a line of JSON for each thing that it said. The stores keep it as it is. */
export function parseOutput(attempt: number, text: string): RunOutput {
  const lines: OutputLine[] = [];
  let [progress, cut]: [TaskProgress | null, number] = [null, 0];
  for (const line of text.split("\n")) {
    const said = parseLine(line);
    if (said === null) continue;
    if ("cut" in said) cut = said.cut;
    else if ("done" in said) progress = said;
    else lines.push(said);
  }
  return { attempt, lines, progress, cut };
}

type Said = OutputLine | TaskProgress | { readonly cut: number };

/** null for the torn last line of a process that died. */
function parseLine(line: string): Said | null {
  if (line === "") return null;
  try {
    return JSON.parse(line) as Said;
  } catch {
    return null;
  }
}

export function outputLine(said: Said): string {
  return `${JSON.stringify(said)}\n`;
}

/** What is kept of a text that was shown: it may be longer. */
export function lastPart(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  const start = text.indexOf("\n", text.length - MOST_CHARACTERS) + 1;
  const head = parseLine(text.slice(0, text.indexOf("\n")));
  const cutBefore = head !== null && "cut" in head ? head.cut : 0;
  return outputLine({ cut: cutBefore + start }) + text.slice(start);
}
