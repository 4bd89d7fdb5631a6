/**
 * `npm run bench -- [--quick] [--database URL] [--out FILE] [--dir FOLDER] [--tq EXECUTABLE] [MEASURE …]`: runs the measures one
 * after another, each in a process of its own, prints one table, and writes a JSON file with the machine, the options
 * and every figure. The table shows a missed bar; the exit status stays 0.
 */
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { shownDatabaseUrl } from "../src/values/database-url.ts";
import { machine } from "./support/machine.ts";
import { flagsFor, readOptions } from "./support/options.ts";
import { root } from "./support/root.ts";
import { type Row, formatTable } from "./support/row.ts";
import { describeTq } from "./support/tq.ts";

const ON_SQLITE = [
  "push-one",
  "push-many",
  "drain-effect",
  "drain-update",
  "drain-noop",
  "drain-slow",
  "many-queues",
  "postgres-snapshot",
  "wake",
  "due",
  "cores",
  "push-busy",
  "push-http",
  "idle",
  "large",
  "large-pages",
  "cold-start",
];

/** Those in bench/postgres, for a server that --database names. */
const ON_POSTGRES = [
  "push-one",
  "push-many",
  "drain-noop",
  "drain-effect",
  "drain-slow",
  "hot-rows",
  "drain-snapshot",
  "wake",
  "idle",
];

const options = readOptions(process.argv.slice(2));
const MEASURES = options.database === null ? ON_SQLITE : ON_POSTGRES;
const unknown = options.names.filter((name) => !MEASURES.includes(name));
if (unknown.length > 0) {
  console.error(
    `There is no measure ${unknown.join(", ")}; the measures are ${MEASURES.join(", ")}`,
  );
  process.exit(2);
}

const started = Temporal.Now.instant().toString();
const rows: Row[] = [];
const failures: Record<string, string> = {};
for (const name of options.names.length > 0 ? options.names : MEASURES) {
  console.error(`── ${name}`);
  try {
    rows.push(...(await run(name)));
  } catch (error) {
    failures[name] = String(error);
    console.error(failures[name]);
  }
}

const database = options.database === null ? null : shownDatabaseUrl(options.database);
const settings = { ...options, database, tq: describeTq(options) };
const out = resolve(
  options.out ?? join(root, `bench/results/${started.slice(0, 19).replaceAll(":", "-")}.json`),
);
mkdirSync(dirname(out), { recursive: true });
await Bun.write(
  out,
  `${JSON.stringify({ started, machine: machine(), settings, rows, failures }, null, 2)}\n`,
);

console.log(formatTable(rows));
for (const [name, reason] of Object.entries(failures)) console.log(`${name} failed: ${reason}`);
if (Object.keys(failures).length > 0) process.exitCode = 1; // its figures are missing
console.log(`\n${describeMachine()}\nAll figures: ${out}`);

/** Runs a measure in a new process, free of the memory and the compiled code of the measure before it. */
async function run(name: string): Promise<Row[]> {
  const folder = options.database === null ? import.meta.dir : join(import.meta.dir, "postgres");
  const program = join(folder, `${name}.ts`);
  const child = Bun.spawn([process.execPath, program, "--json", ...flagsFor(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = await new Response(child.stdout).text();
  const code = await child.exited;
  if (code !== 0) throw new Error(`${program} exited with ${code}`);
  return JSON.parse(text) as Row[];
}

function describeMachine(): string {
  const { processor, cores, memory, bun, load } = machine();
  return `${processor}, ${cores} cores, ${memory} GB, Bun ${bun}, load ${load}, tq ${settings.tq}`;
}
