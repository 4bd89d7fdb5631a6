/** `tq migrate`: brings a database to this version, or moves its queue into another one. */
import { resolve } from "node:path";
import { TqError } from "../src/errors.ts";
import { databaseExists, moveDatabase, openStore } from "../src/open-store.ts";
import type { Moved } from "../src/store/moving.ts";
import { isDatabaseUrl } from "../src/values/database-url.ts";
import { command } from "./command/command.ts";
import { noDatabase } from "./command/program.ts";
import { counted } from "./terminal/text.ts";

export const migrate = command({
  name: "migrate",
  description: "Bring the database to this version of tq, or move its queue into another one",
  flags: {
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
  run: async ({ to, leave }, program) => {
    const config = program.config();
    if (to === undefined) {
      if (leave !== undefined) throw new TqError("invalid", "Cannot use --leave without --to");
      const store = openStore(config);
      try {
        await store.version();
      } finally {
        await store.close();
      }
      program.answer({ database: store.name }, () => `${store.name} has the schema of this tq`);
      return;
    }
    if (!databaseExists(config)) throw noDatabase(config);
    const tables = leave === undefined ? [] : leave.split(",").map((name) => name.trim());
    const moved = await moveDatabase(config, isDatabaseUrl(to) ? to : resolve(to), tables);
    program.answer(moved, () => answer(moved));
    for (const note of notes(moved, to)) program.note(note);
  },
});

function answer({ from, to, tasks, tables }: Moved): string {
  const rows = Object.entries(tables).map(([name, count]) => `${counted(count, "row")} of ${name}`);
  return `Moved ${[counted(tasks, "task"), ...rows].join(", ")} from ${from} to ${to}`;
}

function* notes({ from, left }: Moved, to: string) {
  const setting = isDatabaseUrl(to) ? "url" : "path";
  yield `Name it in tq.toml: [database] ${setting} = …; ${from} is refused from now on`;
  if (left.length > 0) yield `${left.join(", ")} stayed in ${from}`;
}
