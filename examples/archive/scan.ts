/**
 * Updates the archive's records to the files of a folder, and pushes `ingest` for the files to read. Prints its counts
 * as JSON. `tq run -c tq.toml -d DATABASE scan.ts FOLDER BATCH`
 */
import { TqError, Transaction } from "tq";
import { Document, showPath } from "./models.ts";
import { type FoundFile, type WalkCounts, walk } from "./walk.ts";

export interface Scanned extends WalkCounts {
  files: number;
  bytes: number;
  added: number;
  changed: number;
  /** Files that an interrupted run left waiting. */
  waiting: number;
  removed: number;
  tasks: number;
}

/** Enough for few commits, and short enough that other writers do not wait. */
const FILES_PER_TRANSACTION = 1000;

interface Known {
  readonly id: number;
  readonly path: Uint8Array;
  readonly size: number;
  readonly mtime: number;
  readonly hash: string | null;
}

const [, , folder = "", batch = "100"] = process.argv;
const context = { queue_name: "archive", queue_batch: Number(batch) };
console.log(JSON.stringify(await scan(Buffer.from(folder))));

async function scan(root: Buffer): Promise<Scanned> {
  const counts: WalkCounts = { folders: 0, links: 0, others: 0, unlisted: {} };
  const done = { files: 0, bytes: 0, added: 0, changed: 0, waiting: 0, removed: 0, tasks: 0 };
  const { known, waiting } = await Transaction.start({ lock: true }, readArchive);
  checkRoot(root, known);
  for (const files of chunks(walk(root, counts))) {
    const added: FoundFile[] = [];
    const changed = new Map<number, FoundFile>();
    for (const file of files) {
      done.files++;
      done.bytes += file.size;
      const key = keyOf(file.path);
      const there = known.get(key);
      known.delete(key);
      if (there === undefined) added.push(file);
      else if (waiting.has(there.id)) done.waiting++;
      else if (isChanged(there, file)) changed.set(there.id, file);
    }
    done.added += added.length;
    done.changed += changed.size;
    done.tasks += (await push(added, changed)).length;
  }
  const gone = Array.from(known.values(), ({ id }) => id);
  if (gone.length > 0) await Transaction.start({}, () => Document.remove(gone));
  return { ...counts, ...done, removed: gone.length };
}

/** The documents of the archive, and the ids of those that tasks of an earlier run will still read. */
async function readArchive(): Promise<{ known: Map<string, Known>; waiting: Set<number> }> {
  await Document.prepare();
  const { database } = Transaction.current;
  const documents = database.query("SELECT id, path, size, mtime, hash FROM document");
  const tasks = database.query(
    `SELECT value FROM tq_tasks, json_each(instances)
      WHERE model = 'document' AND finished_at IS NULL`,
  );
  return {
    known: new Map((documents.all() as Known[]).map((row) => [keyOf(row.path), row])),
    waiting: new Set((tasks.all() as { value: number }[]).map(({ value }) => value)),
  };
}

/** The scan removes documents that it does not find; this keeps it from removing those of another folder. */
function checkRoot(root: Buffer, known: ReadonlyMap<string, Known>): void {
  const start = keyOf(root).replace(/\/*$/, "/");
  const stranger = known.values().find(({ path }) => !keyOf(path).startsWith(start));
  if (stranger === undefined) return;
  throw new TqError(
    "conflict",
    `Cannot archive ${showPath(root)} here: the archive has files of another folder, such as ${showPath(stranger.path)}; name another archive with --archive`,
  );
}

/** A text with one character a byte, as a key for exactly these bytes. */
function keyOf(path: Uint8Array): string {
  return Buffer.from(path).toString("latin1");
}

/** True also for a file that could not be read last time, which has no hash. */
function isChanged({ size, mtime, hash }: Known, file: FoundFile): boolean {
  return hash === null || size !== file.size || mtime !== file.mtime;
}

/** Records and tasks commit together: an interruption never leaves one without the other. */
async function push(
  added: readonly FoundFile[],
  changed: ReadonlyMap<number, FoundFile>,
): Promise<number[]> {
  return Transaction.start({ context }, async () => {
    const fresh = await Document.create(added.map((file) => ({ ...file, state: "waiting" })));
    const again = await Document.browse([...changed.keys()]);
    for (const document of again) {
      const { size = 0 } = changed.get(document.id) ?? {};
      Object.assign(document, { state: "waiting", size, hash: undefined });
    }
    await Document.save(again);
    return Document.__queue__.ingest([...fresh, ...again]); // one task for each `queue_batch` of them
  });
}

function* chunks<T>(items: Iterable<T>): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < FILES_PER_TRANSACTION) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
