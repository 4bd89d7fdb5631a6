/** What every measure begins with: its options, its folder, and the printing of its rows. */
import { Folder } from "./folder.ts";
import { type Options, readOptions } from "./options.ts";
import { type Row, formatTable } from "./row.ts";

export interface Bench extends Options {
  readonly folder: Folder;
  /** The number for a full run, or the one for a short run. */
  readonly pick: (full: number, quick: number) => number;
}

/** Runs a measure with what the command line says, and prints the table or the JSON of its rows. */
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

/** Tells a person who waits how far it is. */
export function progress(text: string): void {
  console.error(text);
}
