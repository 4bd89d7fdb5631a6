/** The runs that tasks noted in a file, and which of them overlapped. */
import { readFileSync } from "node:fs";

/** The name of the file, in the folder of the proof. */
export const RUNS = "runs.txt";

/** A line of the file: a run began, or came to its end. */
export interface Note {
  readonly key: number;
  /** A number for this run of the task. */
  readonly run: number;
  readonly at: number;
  /** How the task opened files, where it came to its end. */
  readonly end: { readonly way: string; readonly refused: boolean } | null;
}

export function readNotes(file: string): Note[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Note);
}

/** The keys of tasks of which a run began before another one, which came to its end, had ended. */
export function findDoubleRuns(notes: readonly Note[]): number[] {
  const begins = notes.filter(({ end }) => end === null);
  const beginOf = new Map(begins.map((note) => [note.run, note]));
  const byKey = Map.groupBy(begins, ({ key }) => key);
  const double = notes.filter(({ end, run, key, at }) => {
    const begun = beginOf.get(run)?.at ?? at;
    const others = (byKey.get(key) ?? []).filter((other) => other.run !== run);
    return end !== null && others.some((other) => other.at > begun && other.at < at);
  });
  return [...new Set(double.map(({ key }) => key))];
}
