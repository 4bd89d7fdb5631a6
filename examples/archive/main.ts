/**
 * A document archive for a small office: reads every file in a folder, and finds files by their words.
 *
 * Three programs share one database. This one starts the other two and shows their progress: scan.ts makes a record for
 * each file and pushes tasks, and a worker runs the tasks, with a thread for each core. With --keep, a second run
 * continues the first, even one that was interrupted or killed.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { check } from "./check.ts";
import { ArchiveView } from "./view.ts";
import { keepArchive, removeArchive } from "./keep.ts";
import { scan, work } from "./processes.ts";
import { reportCheck, reportScan, reportSearch, reportTotals, reportWork } from "./report.ts";
import { bold, count, line } from "./screen.ts";

const USAGE = `Usage: npm run demo -- [FOLDER] [--keep] [--archive FOLDER] [--search WORDS] [--batch N]

  FOLDER     the folder to archive (default: node_modules)
  --keep     keep the archive; without it the archive is removed at the end
  --archive  the folder of the archive, which is then kept (default: one for each FOLDER in ${tmpdir()})
  --search   the words to search for at the end (default: "hello world")
  --batch    files in one task (default: 100)`;

/** The exit statuses of a shell for a program that a signal has ended. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 };

const FAILED = 1;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 0;
  const { archive, keep } = options;
  const code = await makeArchive(options);
  line();
  // After a failure the user needs the log and the database to find the cause.
  if (keep || code === FAILED) keepArchive(archive);
  else removeArchive(archive);
  return code;
}

async function makeArchive({ root, archive, keep, search, batch }: Options): Promise<number> {
  const database = join(archive, "archive.db");
  line(`${bold(root)} → ${archive}`);

  const started = performance.now();
  const { scanned, stopped } = await scan(database, root, batch);
  if (scanned === null) return stopped === null ? FAILED : INTERRUPTED[stopped];
  reportScan(scanned, performance.now() - started);

  using view = new ArchiveView(database);
  if (view.left() > 0) {
    const code = await ingest(database, join(archive, "worker.log"), view, keep);
    if (code !== 0) return code;
  }
  reportTotals(view);
  reportSearch(view, search, root);
  return reportCheck(await check(root, view.paths()), root) ? 0 : FAILED;
}

/** Starts a worker that runs the tasks. Resolves to 0 when all of them are finished. */
async function ingest(
  database: string,
  log: string,
  view: ArchiveView,
  keep: boolean,
): Promise<number> {
  const [files, bytes, since] = [view.left(), view.waitingBytes(), Date.now()];
  const started = performance.now();
  const { code, stopped } = await work(database, log, view);
  const left = view.left();
  if (stopped !== null && left > 0) {
    const next = keep ? "; run it again to go on" : "";
    line(`Interrupted: ${count(left, "file")} not read yet${next}`);
    return INTERRUPTED[stopped];
  }
  reportWork(files - left, bytes - view.waitingBytes(), performance.now() - started);
  if (code === 0 && left === 0) return 0;

  for (const { id, reason } of view.failed(since)) line(`Task ${id} failed: ${reason}`);
  line(`The worker ended with ${code}, ${count(left, "file")} not read; run it again to go on`);
  line(`The end of ${log}:`);
  line(readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join("\n"));
  return FAILED;
}

interface Options {
  readonly root: string;
  readonly archive: string;
  readonly search: string;
  readonly batch: string;
  /** True when the user asked for it, named the folder, or kept the archive of an earlier run. */
  readonly keep: boolean;
}

/** Null after --help. @throws Error with a sentence for the user. */
function readOptions(): Options | null {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      archive: { type: "string" },
      keep: { type: "boolean", default: false },
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
    throw new Error(
      `--batch cannot be ${values.batch}: it must be a number of files, from 1 to 999999`,
    );
  }
  const root = findFolder(folder);
  const archive = archiveFolder(values.archive, root);
  const keep =
    values.keep || values.archive !== undefined || existsSync(join(archive, "archive.db"));
  return { root, archive, search: values.search, batch: values.batch, keep };
}

function findFolder(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return realpathSync(folder);
  const why = stats === undefined ? "there is no such folder" : "it is not a folder";
  throw new Error(`Cannot archive ${resolve(folder)}: ${why}`);
}

/** Each folder has an archive of its own, unless the user names one. */
function archiveFolder(named: string | undefined, root: string): string {
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
