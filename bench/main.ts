/**
 * `npm run bench -- [--quick] [--out FILE] [--dir FOLDER] [--tq EXECUTABLE] [MEASURE …]`: every measure, one
 * after another, each a program of its own; one table, and a JSON file with the machine, the settings and
 * every raw figure. A bar that was not reached is said, and fails nothing.
 */
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { machine } from "./support/machine.ts";
import { passOn, readOptions } from "./support/options.ts";
import { root } from "./support/root.ts";
import { type Row, formatTable } from "./support/row.ts";
import { describeTq } from "./support/tq.ts";

const MEASURES = [
  "push-one",
  "push-many",
  "drain-effect",
  "drain-update",
  "drain-noop",
  "drain-slow",
  "wake",
  "due",
  "cores",
  "push-busy",
  "idle",
  "large",
  "cold-start",
];

const options = readOptions(process.argv.slice(2));
const unknown = options.names.filter((name) => !MEASURES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no measure ${unknown.join(", ")}; there are ${MEASURES.join(", ")}`);
  process.exit(2);
}

const started = Temporal.Now.instant().toString();
const rows: Row[] = [];
const broken: Record<string, string> = {};
for (const name of options.names.length > 0 ? options.names : MEASURES) {
  console.error(`── ${name}`);
  try {
    rows.push(...(await run(name)));
  } catch (error) {
    broken[name] = String(error);
    console.error(broken[name]);
  }
}

const settings = { ...options, tq: describeTq(options) };
const out = resolve(
  options.out ?? join(root, `bench/results/${started.slice(0, 19).replaceAll(":", "-")}.json`),
);
mkdirSync(dirname(out), { recursive: true });
await Bun.write(
  out,
  `${JSON.stringify({ started, machine: machine(), settings, rows, broken }, null, 2)}\n`,
);

console.log(formatTable(rows));
for (const [name, reason] of Object.entries(broken)) console.log(`${name} broke: ${reason}`);
console.log(`\n${describeMachine()}\nEvery figure: ${out}`);

/** A program of its own: no measure is to find the memory and the compiled code of the one before. */
async function run(name: string): Promise<Row[]> {
  const program = join(import.meta.dir, `${name}.ts`);
  const child = Bun.spawn([process.execPath, program, "--json", ...passOn(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = await new Response(child.stdout).text();
  const code = await child.exited;
  if (code !== 0) throw new Error(`bench/${name}.ts exited with ${code}`);
  return JSON.parse(text) as Row[];
}

function describeMachine(): string {
  const { processor, cores, memory, bun, load } = machine();
  return `${processor}, ${cores} cores, ${memory} GB, Bun ${bun}, load ${load}, tq ${settings.tq}`;
}
