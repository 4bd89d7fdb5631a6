/** The command-line options of every measure. */
import { parseArgs } from "node:util";
import { isDatabaseUrl } from "../../src/values/database-url.ts";

export interface Options {
  /** A short run: fewer rounds, smaller tables. */
  readonly quick: boolean;
  /** The folder for the databases. */
  readonly dir: string | null;
  /** The URL of a PostgreSQL server, for the measures of bench/postgres; null: those of SQLite. */
  readonly database: string | null;
  /** A tq executable; default: dist/tq, else the source. */
  readonly tq: string | null;
  readonly durability: "full" | "normal";
  /** Replace the measure's own numbers. */
  readonly rounds: number | null;
  readonly tasks: number | null;
  /** Print the rows as JSON, for the program that started this one. */
  readonly json: boolean;
  /** The file that `bench/main.ts` writes its JSON to. */
  readonly out: string | null;
  /** The measures that `bench/main.ts` runs; none: all. */
  readonly names: readonly string[];
}

export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      dir: { type: "string" },
      database: { type: "string" },
      tq: { type: "string" },
      out: { type: "string" },
      durability: { type: "string", default: "full" },
      rounds: { type: "string" },
      tasks: { type: "string" },
    },
  });
  const { quick, json, dir = null, database = null, tq = null, out = null } = values;
  const { durability, rounds, tasks } = values;
  if (durability !== "full" && durability !== "normal") {
    throw new Error(`--durability cannot be ${durability}: it is full or normal`);
  }
  if (database !== null && !isDatabaseUrl(database)) {
    throw new Error(
      "--database is the URL of a PostgreSQL server: postgresql://user@host/database",
    );
  }
  return {
    quick,
    json,
    dir,
    database,
    tq,
    out,
    durability,
    rounds: readWhole("--rounds", rounds),
    tasks: readWhole("--tasks", tasks),
    names: positionals,
  };
}

/** The flags for a measure, from the options of `bench/main.ts`. */
export function flagsFor(options: Options): string[] {
  const { quick, dir, database, tq, durability, rounds, tasks } = options;
  const flags = ["--durability", durability];
  if (quick) flags.push("--quick");
  if (dir !== null) flags.push("--dir", dir);
  if (database !== null) flags.push("--database", database);
  if (tq !== null) flags.push("--tq", tq);
  if (rounds !== null) flags.push("--rounds", String(rounds));
  if (tasks !== null) flags.push("--tasks", String(tasks));
  return flags;
}

function readWhole(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${flag} cannot be ${text}: it is a whole number from 1 up`);
}
