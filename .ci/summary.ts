/** The lines that close a test run. */
import type { TestReport } from "./report.ts";

/** The reason of a skipped test, from its name or its group's: "…, because …". */
export function skipReason(test: TestReport): string | null {
  return /\bbecause (\S.*?)(?= > |$)/.exec(test.name)?.[1] ?? null;
}

/** A line for each reason, the most frequent first. */
export function skipLines(tests: readonly TestReport[]): string[] {
  const counts = new Map<string, number>();
  for (const test of tests) {
    const reason = test.end === "skipped" ? skipReason(test) : null;
    if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} skipped because ${reason}`);
}

/** The last line, which machines read. */
export function closingLine(tests: readonly TestReport[]): string {
  const count = (end: TestReport["end"]) => tests.filter((test) => test.end === end).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
}

/** `5 min 3 s` */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
