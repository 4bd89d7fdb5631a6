/** `tq migrate`: brings a database to this version, or moves its queue into another one. */
import { resolve } from "node:path";
import { TqError } from "../src/errors.ts";
import {
  databaseExists,
  migrateServer,
  moveDatabase,
  POSTGRES_SCHEMA_VERSION,
  serverSetup,
} from "../src/open-store.ts";
import type { Moved } from "../src/store/moving.ts";
import { isDatabaseUrl } from "../src/values/database-url.ts";
import { command } from "./command/command.ts";
import { noDatabase } from "./command/program.ts";
import { write } from "./terminal/terminal.ts";
import { counted } from "./terminal/text.ts";

export const migrate = command({
  name: "migrate",
  description: "Bring a PostgreSQL database to this version, or move a queue to another one",
  examples: [
    [
      "tq migrate -d postgresql://shop@db.example.com/shop",
      "Make the schema tq, or bring it to this version",
    ],
    [
      "tq migrate --sql > tq.sql",
      "See what it would run, with roles that have no more rights than they need",
    ],
    [
      "tq migrate --to postgresql://shop@db.example.com/shop",
      "Move the queue of a file to a server",
    ],
  ],
  flags: {
    sql: {
      type: "boolean",
      description:
        "Only print the SQL: what the PostgreSQL database that is named lacks, and the rights of roles; all for an empty one, or where none is named",
    },
    to: {
      type: "string",
      valueHint: "DATABASE",
      description: "Move to this PostgreSQL database, as postgresql://…, or into this new file",
    },
    leave: {
      type: "string",
      valueHint: "TABLE,…",
      description: "With --to: tables that tq did not make, and that stay where they are",
    },
  },
  run: async ({ sql = false, to, leave }, program) => {
    if (leave !== undefined && to === undefined) {
      throw new TqError("invalid", "Cannot use --leave without --to");
    }
    if (sql) {
      if (to !== undefined) throw new TqError("invalid", "Cannot use --sql with --to");
      write(await serverSetup(program.config()));
      return;
    }
    const config = program.config();
    if (to === undefined) {
      const { name, from } = await migrateServer(config);
      program.answer({ database: name, from }, () => migrated(name, from));
      return;
    }
    if (!databaseExists(config)) throw noDatabase(config);
    const tables = leave === undefined ? [] : leave.split(",").map((name) => name.trim());
    const moved = await moveDatabase(config, isDatabaseUrl(to) ? to : resolve(to), tables);
    program.answer(moved, () => answer(moved));
    for (const note of notes(moved, to)) program.note(note);
  },
});

function migrated(name: string, from: number | null): string {
  if (from === null) return `${name} has the schema of this tq already`;
  if (from === 0) return `Made the schema tq in ${name}`;
  return `Brought the schema tq in ${name} from version ${from} to ${POSTGRES_SCHEMA_VERSION}`;
}

function answer({ from, to, tasks, tables }: Moved): string {
  const rows = Object.entries(tables).map(([name, count]) => `${counted(count, "row")} of ${name}`);
  return `Moved ${[counted(tasks, "task"), ...rows].join(", ")} from ${from} to ${to}`;
}

function* notes({ from, left, not_made }: Moved, to: string) {
  const setting = isDatabaseUrl(to) ? "url" : "path";
  yield `Name it in tq.toml: [database] ${setting} = …; ${from} is refused from now on`;
  if (not_made.length > 0)
    yield `Not made there, as tq did not make them here: ${not_made.join(", ")}`;
  if (left.length > 0) yield `${left.join(", ")} stayed in ${from}`;
}
