/** The output of tasks, as text for people. */
import { paint, type Style, type Terminal } from "./terminal.ts";
import { printable } from "../../src/printable.ts";
import type { CutOutput, OutputLine, RunOutput } from "../../src/store/task-output.ts";
import { progressWords } from "../../src/tasks/progress-words.ts";
import { formatDuration } from "../../src/values/duration.ts";
import { formatTime } from "./text.ts";

const STYLES: Partial<Record<OutputLine["level"], Style>> = { error: "red", warn: "yellow" };

/** All that the runs of a task have said, each under a heading where there are several. */
export function outputText(runs: readonly RunOutput[], terminal: Terminal): string {
  return runs
    .map((run) => {
      const heading = runs.length > 1 ? [runHeading(run.attempt, terminal)] : [];
      const cut = run.cut.lines === 0 ? [] : [skippedText(run.cut, terminal)];
      const lines = run.lines.map((line) => lineText(line, terminal));
      return [...heading, ...cut, ...lines, ...progressLines(run)].join("\n");
    })
    .join("\n\n");
}

/** Stands above what a run of several has said. */
export function runHeading(attempt: number, terminal: Terminal): string {
  return paint(terminal, "bold", `run ${attempt}`);
}

/** A line in the place of those that are gone. */
export function skippedText({ lines, bytes }: CutOutput, terminal: Terminal): string {
  const are = lines === 1 ? "line is" : "lines are";
  const words = `${grouped(lines)} ${are} missing here, ${grouped(bytes)} bytes: the task said more than is kept`;
  return paint(terminal, "yellow", `[${words}]`);
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

export function lineText(
  { at, level, text }: OutputLine,
  terminal: Terminal,
  time = formatTime(at),
): string {
  const style = STYLES[level];
  const word = style === undefined ? level.padEnd(5) : paint(terminal, style, level.padEnd(5));
  return `${time} ${word} ${printable(text)}`;
}

function progressLines(run: RunOutput): string[] {
  const { progress } = run;
  if (progress === null) return [];
  const age = formatDuration(Math.max(Date.now() - progress.at, 0));
  return [`progress ${printable(progressWords(progress))} (${age} ago)`];
}
