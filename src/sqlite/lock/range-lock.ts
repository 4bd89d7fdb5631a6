/**
 * Locks on ranges of a file's bytes (`man 2 fcntl`). SQLite's own locks belong to the process, and the system drops all
 * of them once the process closes any descriptor of the file (https://www.sqlite.org/howtocorrupt.html, 2.2). The lock
 * of an open file stays until its own descriptor is closed. Locks of both kinds exclude each other, also within one
 * process. Linux alone has the second kind here.
 */
import { addressOf, type CFunction, loadFunction } from "../../c-library.ts";

/** The same on all systems of Linux with 64 bits. */
const TYPES = { read: 0, write: 1, none: 2 } as const;
const SET_FOR_PROCESS = 6;
const ASK_FOR_OPEN_FILE = 36;
const SET_FOR_OPEN_FILE = 37;

export interface Range {
  readonly start: number;
  readonly length: number;
}

/** SQLite's os.h: a connection that reads a database has locked this range to read; an exclusive one, to write. */
export const SHARED_RANGE: Range = { start: 0x4000_0002, length: 510 };

/** SQLite's os_unix.c: a process that has the index of a WAL open has locked it to read. */
export const INDEX_RANGE: Range = { start: 128, length: 1 };

interface Fcntl {
  readonly call: CFunction;
  /** The argument, `struct flock`: type, start, length. The system writes its answer over it. */
  readonly bytes: Uint8Array;
  readonly address: ReturnType<typeof addressOf>;
}

/** Loaded when it is first needed; null where the system has no locks of open files. */
let loaded: Fcntl | null | undefined;

function load(): Fcntl | null {
  const call = process.platform === "linux" ? loadFunction("fcntl", ["i32", "i32", "ptr"]) : null;
  if (call === null) return null;
  const bytes = new Uint8Array(32);
  return { call, bytes, address: addressOf(bytes) };
}

/** The arguments for each range, made once: they are asked for at every commit. */
const requests = new WeakMap<Range, Uint8Array>();

function requestFor(range: Range): Uint8Array {
  let request = requests.get(range);
  if (!request) {
    const words = new BigInt64Array(4); // the zeros: from the start of the file, and no process
    words[1] = BigInt(range.start);
    words[2] = BigInt(range.length);
    requests.set(range, (request = new Uint8Array(words.buffer)));
  }
  return request;
}

/** @returns the type that the system has left in the argument; null where it refuses. */
function fcntl(file: number, command: number, type: keyof typeof TYPES, range: Range) {
  loaded ??= load();
  if (loaded === null) return null;
  const { call, bytes, address } = loaded;
  bytes.set(requestFor(range));
  bytes[0] = TYPES[type];
  return call(file, command, address) === 0 ? (bytes[0] ?? null) : null;
}

/** False where the system, or the file's own, has no locks of open files. */
export function canLockOpenFile(file: number): boolean {
  return fcntl(file, ASK_FOR_OPEN_FILE, "write", SHARED_RANGE) !== null;
}

/** Locks the range for this open file, or frees it. @returns false where another one has locked it */
export function lockOpenFile(file: number, type: keyof typeof TYPES, range: Range): boolean {
  return fcntl(file, SET_FOR_OPEN_FILE, type, range) !== null;
}

/** Locks the range to read for this process, as SQLite does. */
export function lockForProcess(file: number, range: Range): boolean {
  return fcntl(file, SET_FOR_PROCESS, "read", range) !== null;
}

/** True while another open file, or any process, has locked the range; false for a descriptor that was closed. */
export function isLocked(file: number, range: Range): boolean {
  const type = fcntl(file, ASK_FOR_OPEN_FILE, "write", range);
  return type !== null && type !== TYPES.none;
}
