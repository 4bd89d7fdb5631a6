/** Looks at the files of a database: their disk, its speed, their owners, and whether they are whole. */
import type { Database } from "bun:sqlite";
import {
  closeSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { monotonicNow } from "../../clock.ts";
import type { OwnedFile } from "../../store/condition.ts";
import { lockFolder } from "./liveness.ts";

/**
 * The kind of the file system of a path. Linux lists them; elsewhere it is unknown.
 *
 * @param mounts the text of /proc/self/mountinfo
 */
export function fileSystemOf(path: string, mounts = readMounts()): string | null {
  const found = mounts
    .split("\n")
    .flatMap((line) => mountOf(line) ?? [])
    .filter(({ point }) => point === "/" || path === point || path.startsWith(`${point}/`));
  // Of several on one folder the last one counts, which hides the others.
  return found.toSorted((a, b) => a.point.length - b.point.length).at(-1)?.kind ?? null;
}

interface Mount {
  readonly point: string;
  readonly kind: string;
}

/** `36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw`: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
function mountOf(line: string): Mount | null {
  const [before = "", after] = line.split(" - ", 2);
  const point = before.split(" ")[4];
  const kind = after?.split(" ")[0];
  if (!point || !kind) return null;
  const plain = point.replace(/\\([0-7]{3})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 8)),
  );
  return { point: plain, kind };
}

function readMounts(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}

const FLUSHES = 5;

/** A page of the database. */
const PAGE = new Uint8Array(4096);

/** Writes a file of its own beside the database, as a commit writes the log. @returns ms, the median; null: it cannot */
export function flushTimeBeside(database: string): number | null {
  const file = `${database}-doctor-${process.pid}`;
  let descriptor: number;
  try {
    descriptor = openSync(file, "wx", 0o600);
  } catch {
    return null; // another check says why
  }
  try {
    const times = Array.from({ length: FLUSHES }, () => {
      writeSync(descriptor, PAGE);
      const started = monotonicNow();
      fdatasyncSync(descriptor);
      return monotonicNow() - started;
    });
    return times.toSorted((a, b) => a - b)[Math.floor(FLUSHES / 2)] ?? null;
  } catch {
    return null; // the disk is full
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
}

const CHECK = "PRAGMA integrity_check(10)";

/** Reads the whole file: https://www.sqlite.org/pragma.html#pragma_integrity_check */
export function findDamage(db: Database): string[] {
  const found = (db.query(CHECK).values() as [string][]).map(([words]) => words);
  return found.length === 1 && found[0] === "ok" ? [] : found;
}

export function filesOf(database: string): OwnedFile[] {
  const paths = [
    dirname(database),
    ...["", "-wal", "-shm"].map((end) => `${database}${end}`),
    lockFolder(database),
  ];
  return paths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    const owner = process.getuid === undefined ? null : stat.uid;
    return [{ path, owner, group: stat.gid, mode: stat.mode & 0o7777 }];
  });
}
