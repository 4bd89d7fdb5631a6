/** Prints the coverage of the files, and decides whether it is enough. */
import { readFileSync } from "node:fs";
import type { Lines } from "./counters.ts";

const WANTED_SHARE = 0.9;
const FILES_SHOWN = 15;

/**
 * Prints the files with the most missing lines, and the whole.
 *
 * @param hits the file of the counters
 * @returns true when enough lines are covered
 */
export function printCoverage(lines: Lines, hits: string): boolean {
  const reached = readFileSync(hits);
  const files = [...lines].map(([file, counters]) => {
    const all = new Set(counters.values());
    const missed = new Set(all);
    for (const [counter, line] of counters) {
      if (reached[counter] !== 0) missed.delete(line);
    }
    return { file, all: all.size, missed };
  });

  files.sort((a, b) => b.missed.size - a.missed.size);
  console.log(`\nCoverage of lines, ${FILES_SHOWN} files with the most missing`);
  for (const { file, all, missed } of files.slice(0, FILES_SHOWN)) {
    if (missed.size === 0) break;
    const figure = percent(all - missed.size, all).padStart(7);
    console.log(`${figure}  ${file} (${all} lines): ${ranges(missed)}`);
  }

  const all = files.reduce((sum, file) => sum + file.all, 0);
  const missed = files.reduce((sum, file) => sum + file.missed.size, 0);
  const enough = all > 0 && (all - missed) / all >= WANTED_SHARE;
  const figure = `${percent(all - missed, all)} of ${all} lines in ${files.length} files`;
  console.log(`${figure}, at least ${percent(WANTED_SHARE, 1)} wanted\n`);
  return enough;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "0.0 %" : `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}

/** `3-5,9` */
function ranges(lines: Set<number>): string {
  const found: [number, number][] = [];
  for (const line of [...lines].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last?.[1] === line - 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
