/** The output of tasks, as text for people. */
import { paint, type Style, type Terminal } from "./terminal.ts";
import { printable } from "../../src/printable.ts";
import type { OutputLine, RunOutput } from "../../src/store/task-output.ts";
import { progressWords } from "../../src/tasks/progress-words.ts";
import { formatDuration } from "../../src/values/duration.ts";
import { formatSize, formatTime } from "./text.ts";

const STYLES: Partial<Record<OutputLine["level"], Style>> = { error: "red", warn: "yellow" };

/** All that the runs of a task have said, each under a heading where there are several. */
export function outputText(runs: readonly RunOutput[], terminal: Terminal): string {
  return runs
    .map((run) => {
      const heading = runs.length > 1 ? [paint(terminal, "bold", `run ${run.attempt}`)] : [];
      const cut = run.cut === 0 ? [] : [`(${formatSize(run.cut)} of earlier lines were not kept)`];
      const lines = run.lines.map((line) => lineText(line, terminal));
      return [...heading, ...cut, ...lines, ...progressLines(run)].join("\n");
    })
    .join("\n\n");
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
