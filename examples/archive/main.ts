/**
 * A document archive for a small office: reads every file below a folder, and finds them by their words.
 *
 * Three programs share one database. This one starts the other two and looks on: scan.ts makes a record for
 * each file and pushes tasks, and a worker runs the tasks, with a thread for each core. Run it again, also
 * after it was interrupted or killed, and it does what is left to do.
 */
import { mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { check } from "./check.ts";
import { Look } from "./look.ts";
import { scan, work } from "./processes.ts";
import { reportCheck, reportScan, reportSearch, reportTotals, reportWork } from "./report.ts";
import { bold, count, line } from "./screen.ts";

const USAGE = `Usage: npm run demo -- [FOLDER] [--archive FOLDER] [--search WORDS] [--batch N]

  FOLDER     what is archived (default: node_modules)
  --archive  where the archive is kept (default: a folder of its own in ${tmpdir()})
  --search   what is looked for at the end (default: "hello world")
  --batch    files in one task (default: 100)`;

/** What a shell says of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 0;
  const { root, archive, search, batch } = options;
  const database = join(archive, "archive.db");
  line(`${bold(root)} → ${archive}`);

  const started = performance.now();
  const scanned = await scan(database, root, batch);
  if (scanned === null) return 1;
  reportScan(scanned, performance.now() - started);

  using look = new Look(database);
  if (look.left() > 0) {
    const code = await ingest(database, join(archive, "worker.log"), look);
    if (code !== 0) return code;
  }
  reportTotals(look);
  reportSearch(look, search, root);
  return reportCheck(await check(root, look.paths()), root) ? 0 : 1;
}

/** Has a worker run the tasks; 0 when all of them are finished. */
async function ingest(database: string, log: string, look: Look): Promise<number> {
  const [files, bytes, since] = [look.left(), look.waitingBytes(), Date.now()];
  const started = performance.now();
  const { code, stopped } = await work(database, log, look);
  const left = look.left();
  if (stopped && left > 0) {
    line(`Interrupted: ${count(left, "file")} not read yet; run it again to go on`);
    return INTERRUPTED;
  }
  reportWork(files - left, bytes - look.waitingBytes(), performance.now() - started);
  if (code === 0 && left === 0) return 0;

  for (const { id, reason } of look.failed(since)) line(`Task ${id} failed: ${reason}`);
  line(`The worker ended with ${code}, ${count(left, "file")} not read; run it again to go on`);
  line(`The end of ${log}:`);
  line(readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join("\n"));
  return 1;
}

interface Options {
  readonly root: string;
  readonly archive: string;
  readonly search: string;
  readonly batch: string;
}

/** @throws with a sentence for what cannot be done; null when only the usage was asked for. */
function readOptions(): Options | null {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      archive: { type: "string" },
      search: { type: "string", default: "hello world" },
      batch: { type: "string", default: "100" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return null;
  }
  const [folder = join(import.meta.dir, "../../node_modules"), ...more] = positionals;
  if (more.length > 0) throw new Error(`One folder at a time, please\n\n${USAGE}`);
  if (!/^[1-9]\d{0,5}$/.test(values.batch)) {
    throw new Error(`--batch cannot be ${values.batch}: it is a number of files, from 1 up`);
  }
  const root = findFolder(folder);
  const archive = makeArchive(values.archive, root);
  return { root, archive, search: values.search, batch: values.batch };
}

function findFolder(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return realpathSync(folder);
  const what = stats === undefined ? "there is no such folder" : "it is not a folder";
  throw new Error(`Cannot archive ${resolve(folder)}: ${what}`);
}

/** Each folder has its own archive, unless one is named. */
function makeArchive(named: string | undefined, root: string): string {
  const name = `${basename(root)}-${Bun.hash(root).toString(36)}`;
  const path = resolve(named ?? join(tmpdir(), "tq-archive", name));
  mkdirSync(path, { recursive: true });
  const archive = realpathSync(path);
  if (!relative(root, archive).startsWith("..")) {
    throw new Error(
      `Cannot keep the archive in ${archive}: it would archive itself; name a folder outside ${root} with --archive`,
    );
  }
  return archive;
}
