/** Prints the results of each step, and the contents of the archive. */
import type { Check } from "./check.ts";
import type { Hit, ArchiveView } from "./view.ts";
import { showPath } from "./models.ts";
import type { Scanned } from "./scan.ts";
import { bold, count, cut, line, number, seconds, shortPath, size } from "./screen.ts";

export function reportScan(scanned: Scanned, ms: number): void {
  const { files, bytes, folders, links, others, unlisted } = scanned;
  line(
    `Walked ${count(folders, "folder")} in ${seconds(ms)}: ${bold(count(files, "file"))}, ${size(bytes)}`,
  );
  if (links > 0) line(`  ${count(links, "symbolic link")} not followed`);
  if (others > 0) line(`  ${count(others, "socket, pipe or device")} left alone`);
  for (const [reason, folders] of Object.entries(unlisted)) {
    line(`  ${count(folders, "folder")} not listed: ${reason}`);
  }
  const { added, changed, waiting, removed, tasks } = scanned;
  const same = files - added - changed - waiting;
  line(
    `  ${number(added)} new, ${number(changed)} changed, ${number(same)} known, ${number(removed)} gone`,
  );
  if (waiting > 0) line(`  ${number(waiting)} left over from an earlier run`);
  if (tasks > 0) line(`Pushed ${count(tasks, "task")}`);
}

export function reportWork(files: number, bytes: number, ms: number): void {
  const rate = `${number(files / (ms / 1000))} files/s, ${size(bytes / (ms / 1000))}/s`;
  line(`Ingested ${count(files, "file")}, ${size(bytes)} in ${seconds(ms)}: ${bold(rate)}`);
}

export function reportTotals(view: ArchiveView): void {
  const totals = view.totals();
  const rows = totals.map((total) => [
    total.state === "text" ? total.detail : `${total.state}: ${total.detail}`,
    number(total.files),
    size(total.bytes),
    total.state === "text" ? number(total.words) : "",
  ]);
  const sum = (key: "files" | "bytes" | "words" | "cut"): number =>
    totals.reduce((all, total) => all + total[key], 0);
  rows.push(["all", number(sum("files")), size(sum("bytes")), number(sum("words"))]);
  table(["The archive", "files", "size", "words"], rows);
  if (sum("cut") > 0)
    line(`  of ${count(sum("cut"), "long text")} only the first 2 MiB are indexed`);
}

/** Aligns the first column left, and the numbers in the others right. */
function table(head: string[], rows: string[][]): void {
  const widths = head.map((_, at) =>
    Math.max(...[head, ...rows].map((row) => Bun.stringWidth(row[at] ?? ""))),
  );
  const format = (cells: string[]): string =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ");
  line();
  line(bold(format(head)));
  for (const row of rows) line(format(row));
}

export function reportSearch(view: ArchiveView, words: string, root: string): void {
  const { files, hits } = view.search(words);
  line();
  line(`${bold(`Search for ${JSON.stringify(words)}`)}: ${count(files, "document")}`);
  for (const hit of hits) {
    line(`  ${shortPath(hit.path, root, 2)}`);
    line(`    ${cut(showSnippet(hit), 4)}`);
  }
}

/** The snippet on one line, with characters that act on a terminal escaped. */
function showSnippet({ snippet }: Hit): string {
  const text = showPath(Buffer.from(snippet.replace(/\s+/g, " ").trim()));
  return text.replace(/«.*?»/g, bold);
}

/** True when both sides have the same files. */
export function reportCheck({ by, files, missing, extra }: Check, root: string): boolean {
  line();
  if (missing.length === 0 && extra.length === 0) {
    line(`Checked: ${by} lists ${count(files, "file")}, and the archive has the same paths`);
    return true;
  }
  const differ = `${number(missing.length)} not in the archive, ${number(extra.length)} only in the archive`;
  line(`The paths differ: ${by} lists ${count(files, "file")}: ${differ}`);
  for (const path of [...missing, ...extra].slice(0, 5)) line(`  ${shortPath(path, root, 2)}`);
  line("If files were created or removed meanwhile, run it again");
  return false;
}
