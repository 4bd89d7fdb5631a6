/** The output of tasks while they run: lines, and how far they are. */
import type { Level } from "../log/events.ts";
import type { Claim } from "../task.ts";

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

/** Older lines that were not kept. */
export interface CutOutput {
  readonly lines: number;
  /** Of their text as UTF-8; the end of each line counts as one. */
  readonly bytes: number;
}

export const NOTHING_CUT: CutOutput = { lines: 0, bytes: 0 };

/** A task keeps what so many of its last runs have said. */
export const KEPT_OUTPUTS = 20;

/** The output of one run of a task. */
export interface RunOutput {
  /** The number of the run: as in `tq_attempts`. */
  readonly attempt: number;
  readonly lines: readonly OutputLine[];
  readonly progress: TaskProgress | null;
  /** How much it had said before these lines. */
  readonly cut: CutOutput;
  /** Why what it says cannot be read while it runs; left out where it can. */
  readonly unread?: string;
}

/** The run that says something. */
export interface OutputRun extends Claim {
  readonly attempt: number;
}

/**
 * Shows other processes what the present run of a thread says, without waiting for any lock. Nothing that it cannot show
 * is an error: the lines are kept with the run all the same.
 */
export interface LiveOutput {
  /** A run begins to say something: what an earlier one has said is forgotten. */
  begin(run: OutputRun): void;
  /**
   * @param text whole lines.
   * @returns false where not all of it was written: it is to be replaced.
   */
  append(text: string): boolean;
  /** Replaces all that the run has said so far. @returns as `append` */
  replace(text: string): boolean;
}

/** The text of a run's output: a line of JSON for each thing that it said. The stores keep it as it is. */
export function parseOutput(attempt: number, text: string): RunOutput {
  const lines: OutputLine[] = [];
  let [progress, cut]: [TaskProgress | null, CutOutput] = [null, NOTHING_CUT];
  for (const line of text.split("\n")) {
    const said = parseLine(line);
    if (said === null) continue;
    if ("cut" in said) cut = said.cut;
    else if ("done" in said) progress = said;
    else lines.push(said);
  }
  return { attempt, lines, progress, cut };
}

type Said = OutputLine | TaskProgress | { readonly cut: CutOutput };

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
