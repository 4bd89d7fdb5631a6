/**
 * Brings the archive's records in line with the files of a folder, and pushes `ingest` for those that must be
 * read. Prints what it did as JSON. `tq run -c tq.toml -d DATABASE scan.ts FOLDER BATCH`
 */
import { TqError, Transaction } from "tq";
import { Document, showPath } from "./models.ts";
import { type Found, type Met, walk } from "./walk.ts";

export interface Scanned extends Met {
  files: number;
  bytes: number;
  added: number;
  changed: number;
  /** Left waiting by a run that was interrupted. */
  waiting: number;
  removed: number;
  tasks: number;
}

/** So many files a transaction: few commits, and none so long that others wait for it. */
const CHUNK = 1000;

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
  const met: Met = { folders: 0, links: 0, others: 0, closed: {} };
  const done = { files: 0, bytes: 0, added: 0, changed: 0, waiting: 0, removed: 0, tasks: 0 };
  const { known, waiting } = await Transaction.start({ lock: true }, look);
  checkRoot(root, known);
  for (const files of chunks(walk(root, met))) {
    const added: Found[] = [];
    const changed = new Map<number, Found>();
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
  return { ...met, ...done, removed: gone.length };
}

/** What the archive has, and which of it the tasks of an earlier run are still going to read. */
async function look(): Promise<{ known: Map<string, Known>; waiting: Set<number> }> {
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

/** What is not found any more is taken out of the archive: that must not happen to another folder's files. */
function checkRoot(root: Buffer, known: ReadonlyMap<string, Known>): void {
  const start = keyOf(root).replace(/\/*$/, "/");
  const stranger = known.values().find(({ path }) => !keyOf(path).startsWith(start));
  if (stranger === undefined) return;
  throw new TqError(
    "conflict",
    `Cannot archive ${showPath(root)} here: the archive has files of another folder, as ${showPath(stranger.path)}; name another with --archive`,
  );
}

/** One character a byte: a text that stands for exactly these bytes. */
function keyOf(path: Uint8Array): string {
  return Buffer.from(path).toString("latin1");
}

/** A file that could not be read the last time has no hash, and is tried again. */
function isChanged({ size, mtime, hash }: Known, file: Found): boolean {
  return hash === null || size !== file.size || mtime !== file.mtime;
}

/** Records and tasks commit together: there is never one without the other, whenever this is interrupted. */
async function push(
  added: readonly Found[],
  changed: ReadonlyMap<number, Found>,
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
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
