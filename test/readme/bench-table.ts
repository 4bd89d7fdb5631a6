/** Tables of Markdown, and the one of the last bench. */
import { join } from "node:path";
import { names, read } from "./documents.ts";

export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The last run of all measures by `npm run bench`, on SQLite; null when there is none. */
export function benchTable(): string | null {
  const files = names("bench/results").filter((name) => name.endsWith(".json"));
  const runs = files.map((name) => JSON.parse(read(join("bench/results", name))) as BenchRun);
  const last = runs.findLast(
    ({ settings }) => settings.names.length === 0 && (settings.database ?? null) === null,
  );
  if (!last) return null;
  const { started, machine, settings, rows } = last;
  const table = toTable(
    ["Measure", "tq", "Raw limit", "Ratio", "To reach"],
    rows.map(({ measure, figure, raw, ratio, bar }) => [measure, figure, raw, ratio, bar]),
  );
  const { processor, cores, memory, bun } = machine;
  return [
    `${settings.quick ? "A quick run" : "The run"} of ${started.slice(0, 10)}:`,
    `${processor}, ${cores} cores, ${memory} GB, Bun ${bun}, durability ${settings.durability};`,
    `medians, and from the lowest to the highest.\n\n${table}`,
  ].join(" ");
}

/** What `bench/main.ts` writes, as far as it is shown. */
interface BenchRun {
  readonly started: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly settings: {
    readonly quick: boolean;
    readonly durability: string;
    readonly names: readonly string[];
    readonly database?: string | null;
  };
  readonly rows: readonly Readonly<
    Record<"measure" | "figure" | "raw" | "ratio" | "bar", string>
  >[];
}
