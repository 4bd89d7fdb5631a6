/** Runs one measure: reads its options, makes its folder, and prints its rows. */
import { Folder } from "./folder.ts";
import { type Options, readOptions } from "./options.ts";
import { type Row, formatTable } from "./row.ts";

/** What a measure works with: its options, and a folder for its databases. */
export interface Bench extends Options {
  readonly folder: Folder;
  /** The number for a full run, or the one for a short run. */
  readonly pick: (full: number, quick: number) => number;
}

/** Runs a measure with the options of the command line, and prints its rows as a table or as JSON. */
export async function measure(run: (bench: Bench) => Promise<readonly Row[]>): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  using folder = new Folder(options.dir);
  const leave = (): never => {
    folder[Symbol.dispose]();
    process.exit(130);
  };
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  const rows = await run({
    ...options,
    folder,
    pick: (full, quick) => (options.quick ? quick : full),
  });
  console.log(options.json ? JSON.stringify(rows) : formatTable(rows));
}

/** Shows a waiting person the progress, on standard error. */
export function progress(text: string): void {
  console.error(text);
}
