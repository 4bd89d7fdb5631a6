/**
 * The files of the databases that this process has open. Code that opens one of them and closes it drops SQLite's locks
 * (https://www.sqlite.org/howtocorrupt.html, 2.2), and the bytes it reads are no sound copy. So the file functions of
 * Bun and Node.js refuse these files, by whatever name.
 */
import { openSync, realpathSync, type Stats, statSync } from "node:fs";
import { sep } from "node:path";
import { TqError } from "../../errors.ts";

const SUFFIXES = ["", "-wal", "-shm"] as const;

interface ProtectedFile {
  /** Its real path. */
  readonly path: string;
  /** The path of its database. */
  readonly database: string;
  /** How many stores have it open. */
  users: number;
}

/** A program may carry two copies of tq: the second one imports functions that the first has replaced. */
interface Shared {
  readonly byInode: Map<string, ProtectedFile>;
  readonly open: typeof openSync;
}

const KEY = Symbol.for("tq.protected-files");
const shared = ((globalThis as { [KEY]?: Shared })[KEY] ??= {
  byInode: new Map(),
  open: openSync,
});

/** Opens a file of the database for tq itself, which knows when it may be closed. */
export function openOwn(path: string, mode: "r" | "r+"): number {
  return shared.open(path, mode);
}

/** Two disks may have one number. */
function inodeKey({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** Protects the files of an open database. @returns a function that ends that; call it once the database is closed */
export function protectFiles(database: string): () => void {
  const inodes = SUFFIXES.flatMap((suffix) => add(`${database}${suffix}`, database) ?? []);
  return () => inodes.splice(0).forEach(remove);
}

function add(path: string, database: string): string | null {
  const stat = look(path);
  if (!stat) return null;
  const inode = inodeKey(stat);
  const known = shared.byInode.get(inode);
  if (known) known.users += 1;
  else shared.byInode.set(inode, { path: realpathSync(path), database, users: 1 });
  return inode;
}

function remove(inode: string): void {
  const file = shared.byInode.get(inode);
  if (file && --file.users === 0) shared.byInode.delete(inode);
}

/** Undefined where no file is, and for anything that is no path. */
function look(path: unknown): Stats | undefined {
  if (typeof path !== "string" && !(path instanceof URL) && !(path instanceof Uint8Array)) return;
  try {
    return statSync(path as string | URL | Buffer, { throwIfNoEntry: false });
  } catch {
    return undefined; // the function that opens it says why
  }
}

/** The error for opening a protected file; null for any other path, and for what is no path. */
export function refusalOf(path: unknown): TqError | null {
  if (shared.byInode.size === 0) return null;
  const stat = look(path);
  const file = stat && shared.byInode.get(inodeKey(stat));
  if (!file) return null;
  return new TqError(
    "invalid",
    `Cannot open ${String(path)}: tq has the database ${file.database} open in this process, and closing one of its files by other means drops its locks; copy it with backup() of tq, and read the copy`,
  );
}

/** The error for copying a folder with a protected file in it; null for any other one. */
export function folderRefusal(folder: unknown): TqError | null {
  if (shared.byInode.size === 0 || !look(folder)?.isDirectory()) return null;
  const inside = `${realpathSync(folder as string | URL | Buffer).toString()}${sep}`;
  for (const { path, database } of shared.byInode.values()) {
    if (!path.startsWith(inside)) continue;
    return new TqError(
      "invalid",
      `Cannot copy ${String(folder)}: tq has the database ${database} in it open in this process; leave its files out with the option filter, and copy the database with backup() of tq`,
    );
  }
  return null;
}
