/**
 * Keeps an open database whole where code of this process opens one of its files by other means and closes it, which
 * drops SQLite's locks. Two locks that SQLite holds as long as the database is open are doubled, as locks of open files
 * that stay: other programs neither delete the WAL nor clear its index. The locks of single transactions, on the index,
 * cannot be doubled. A mark that is dropped with them tells: nothing is committed from then on.
 */
import { closeSync, fstatSync, statSync } from "node:fs";
import { TqError } from "../../errors.ts";
import { openOwn } from "../protection/protected-files.ts";
import {
  canLockOpenFile,
  INDEX_RANGE,
  isLocked,
  lockForProcess,
  lockOpenFile,
  type Range,
  SHARED_RANGE,
} from "./range-lock.ts";

/** Descriptors of the database and of the index of its WAL, and the range in the index that is the mark. */
export interface KeptFiles {
  readonly database: number;
  readonly index: number;
  readonly mark: Range;
}

interface OwnFiles extends KeptFiles {
  /** How many stores rely on them. */
  users: number;
}

/** By the path of the database, in this JavaScript thread. */
const kept = new Map<string, OwnFiles>();

export class KeptLocks {
  /** Null where the system has no locks of open files, or the files could not be opened: nothing is kept or checked. */
  readonly files: KeptFiles | null;
  readonly #path: string;
  #own: OwnFiles | null = null;

  /**
   * @param path of a database that is open and was read.
   * @param lent the files of the main thread's store; null: this store needs its own.
   */
  constructor(path: string, lent: KeptFiles | null) {
    this.#path = path;
    if (lent === null) this.#own = keep(path);
    this.files = lent ?? this.#own;
  }

  /** @throws TqError "database" when the locks of transactions were dropped. */
  check(): void {
    if (this.files === null || isLocked(this.files.index, this.files.mark)) return;
    throw new TqError(
      "database",
      `Cannot commit: code in this process has opened and closed ${this.#path}-shm, and the system has dropped the locks of the database with it; start this program again, and copy a database in use with backup() of tq`,
    );
  }

  /** Frees the locks, then closes the store's connections: the last one needs the file for itself. */
  release(closeConnections: () => void): void {
    this.#unlock();
    closeConnections();
    closeDeleted();
  }

  #unlock(): void {
    const own = this.#own;
    this.#own = null;
    if (own === null || --own.users > 0) return;
    kept.delete(this.#path);
    lockOpenFile(own.database, "none", SHARED_RANGE);
    lockOpenFile(own.index, "none", INDEX_RANGE);
  }
}

function keep(path: string): OwnFiles | null {
  let own = kept.get(path);
  if (!own) {
    const locked = lock(path);
    if (locked === null) return null;
    kept.set(path, (own = { ...locked, users: 0 }));
  }
  own.users += 1;
  return own;
}

/** The marks of two processes are hardly ever at the same byte. */
const FIRST_MARK = 2 ** 50;
const MARKS = 2 ** 50;

function lock(path: string): KeptFiles | null {
  const mark = { start: FIRST_MARK + Math.floor(Math.random() * MARKS), length: 1 };
  try {
    const [database, index] = [descriptorOf(path), descriptorOf(`${path}-shm`)];
    if (!canLockOpenFile(index)) return null;
    const isMarked = lockForProcess(index, mark);
    lockOpenFile(database, "read", SHARED_RANGE);
    lockOpenFile(index, "read", INDEX_RANGE);
    return isMarked ? { database, index, mark } : null;
  } catch {
    return null; // such as a limit of open files
  }
}

/**
 * By path. A descriptor stays open while its file has a name, and is used again: closing it would drop the locks of
 * connections that this process may still have.
 */
const descriptors = new Map<string, number>();

function descriptorOf(path: string): number {
  closeDeleted();
  const known = descriptors.get(path);
  if (known !== undefined && fstatSync(known).ino === statSync(path).ino) return known;
  const descriptor = openOwn(path, "r");
  descriptors.set(path, descriptor);
  return descriptor;
}

function closeDeleted(): void {
  for (const [path, descriptor] of descriptors) {
    if (fstatSync(descriptor).nlink > 0) continue;
    descriptors.delete(path);
    closeSync(descriptor);
  }
}
