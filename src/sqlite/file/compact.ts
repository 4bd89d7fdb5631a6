/** Makes the file smaller: beside workers it gives free pages back, alone it writes the whole file anew. */
import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "../../clock.ts";
import type { Compacted } from "../../store/store.ts";
import { followLinks } from "../connection.ts";
import type { SqliteOptions } from "../database.ts";
import { translate } from "../errors.ts";
import { SqliteStore } from "../store.ts";
import { openAlone, refuseLive } from "./alone.ts";
import { checkRoom, contentBytes } from "./room.ts";
import { freePages, givesBack, hasFreePages, MOST_FREE_PAGES } from "./vacuum.ts";

/** The pause between two slices, in which tasks can write. */
const PAUSE_MS = 5;

/** The log is emptied between two transactions of others. */
const LOG_WAIT_MS = 1_000;

export async function compact(options: SqliteOptions, full: boolean): Promise<Compacted> {
  const path = followLinks(options.path);
  const before = sizeOf(path);
  const store = new SqliteStore({ ...options, needsTables: true }); // refuses what is no queue, or a newer one
  try {
    if (!full) await giveBack(store);
  } finally {
    await store.close();
  }
  if (full) writeAnew(path, options.minFree ?? 0);
  const kept = full ? 0 : emptyLog(path);
  return { before, after: sizeOf(path), kept };
}

function sizeOf(path: string): number {
  const sizes = ["", "-wal"].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false }));
  return sizes.reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
}

/** As a worker does, which leaves a spare; then the spare. Others may delete rows as fast as this gives pages back. */
async function giveBack(store: SqliteStore): Promise<void> {
  while ((await store.tidy()).more) await sleep(PAUSE_MS);
  for (let rounds = 0; rounds < MOST_FREE_PAGES; rounds++) {
    if (!(await store.tidy(hasFreePages)).more) return;
    await sleep(PAUSE_MS);
  }
}

/** As far as readers let it. @returns the free bytes that only a file written anew gives back */
function emptyLog(path: string): number {
  using db = new Database(path, { create: false, readwrite: true });
  db.run(`PRAGMA busy_timeout = ${LOG_WAIT_MS}`);
  db.query("PRAGMA wal_checkpoint(TRUNCATE)").get();
  if (givesBack(db)) return 0;
  const { page_size } = db.query("PRAGMA page_size").get() as { page_size: number };
  return freePages(db) * page_size;
}

/** SQLite writes the new content into a temporary file, and then over the old one, which a journal keeps meanwhile. */
function writeAnew(path: string, minFree: number): void {
  const action = `Cannot compact ${path}`;
  refuseLive(path, action);
  try {
    using db = openAlone(path, action);
    refuseLive(path, action); // a worker may have started meanwhile
    checkSpace(db, { action, path, minFree });
    db.run("PRAGMA auto_vacuum = INCREMENTAL");
    db.run("VACUUM");
  } catch (error) {
    throw translate(error, path);
  }
}

interface Space {
  readonly action: string;
  readonly path: string;
  readonly minFree: number;
}

function checkSpace(db: Database, { action, path, minFree }: Space): void {
  const bytes = contentBytes(db);
  const common = { action, database: path, minFree };
  checkRoom({ ...common, target: path, bytes: Math.max(bytes, sizeOf(path)) });
  checkRoom({ ...common, target: join(temporaryFolder(), "tq.db"), bytes });
}

/** https://www.sqlite.org/tempfiles.html#temporary_file_storage_locations */
function temporaryFolder(): string {
  const { SQLITE_TMPDIR, TMPDIR } = process.env;
  const known = [SQLITE_TMPDIR, TMPDIR, "/var/tmp", "/usr/tmp"];
  const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory();
  return known.find((path) => path !== undefined && isFolder(path)) ?? tmpdir();
}
