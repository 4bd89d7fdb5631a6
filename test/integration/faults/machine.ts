/** Faults of the machine, made for real: a disk that refuses, a file that may not be written, a clock that jumps. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../support/folder.ts";
import { faketimeLibrary } from "../../support/tools.ts";
import type { Site } from "../support/site.ts";

/** Runs a program of the system to its end. @returns what it wrote. @throws with its error. */
function system(...command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode === 0) return stdout.toString();
  throw new Error(`${command.join(" ")} exited with ${exitCode}: ${stderr.toString()}`);
}

/** A disk that can refuse writes, and take them again. */
export interface Disk extends Disposable {
  /** Programs are started with these words before them. */
  readonly prefix: readonly string[];
  /** What tq says of it, and its exit status. */
  readonly message: string;
  readonly code: number;
  /** @param pids of the programs that are running. */
  refuse(...pids: number[]): void;
  accept(...pids: number[]): void;
}

/**
 * No file may grow, by a limit that the system has for every process, with any rights: as a disk with errors, a
 * quota, or a file system that the system itself made read-only.
 */
export function limitedDisk(site: Site): Disk {
  const flag = site.file("refuses");
  return {
    // Without the trap the signal ends the program before it has the error.
    prefix: [
      "sh",
      "-c",
      `trap "" XFSZ; if [ -e ${flag} ]; then ulimit -S -f 0; fi; exec "$@"`,
      "sh",
    ],
    message: `Cannot use ${site.file("tq.db")}: disk I/O error; look at the disk and the system's log`,
    code: 6,
    refuse(...pids) {
      writeFileSync(flag, "");
      for (const pid of pids) system("prlimit", "--pid", `${pid}`, "--fsize=0:");
    },
    accept(...pids) {
      rmSync(flag);
      for (const pid of pids) system("prlimit", "--pid", `${pid}`, "--fsize=unlimited:");
    },
    [Symbol.dispose]: () => {},
  };
}

/** A small file system in memory, over the site's folder: it is really full. */
export function smallDisk(site: Pick<Site, "path" | "file">, megabytes = 8): Disk {
  system("mount", "-t", "tmpfs", "-o", `size=${Math.round(megabytes * 1024)}k`, "tmpfs", site.path);
  const ballast = join(site.path, "ballast");
  return {
    prefix: [],
    message: `Cannot write to ${site.file("tq.db")}: the disk is full; free some space and try again`,
    code: 9,
    refuse: () => void Bun.spawnSync(["dd", "if=/dev/zero", `of=${ballast}`, "bs=4k"]),
    accept: () => rmSync(ballast),
    [Symbol.dispose]: () => void Bun.spawnSync(["umount", "-l", site.path]),
  };
}

/**
 * Lets no file of the site be opened for writing, as a disk that the system has made read-only. Files that are open
 * stay writable. @returns a function that ends it.
 */
export function refuseWrites(site: Site): () => void {
  return refuseWritesTo(site.path);
}

/** As `refuseWrites`, for one file or folder. */
export function refuseWritesTo(path: string): () => void {
  system("mount", "-o", "bind,ro", path, path);
  return () => void system("umount", "-l", path);
}

/** Makes a file immutable, or one that grows alone: for every user. @returns a function that ends it. */
export function setAttribute(path: string, letter: "i" | "a"): () => void {
  system("chattr", `+${letter}`, path);
  return () => void system("chattr", `-${letter}`, path);
}

/** Processor time that a process has used: ms. */
export function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]); // utime, stime: proc(5)
  return (ticks * 1000) / Number(system("getconf", "CLK_TCK"));
}

/** A clock that a test sets while programs run with it; time itself passes as ever. It outlives those programs. */
export interface SetClock extends Disposable {
  /** The environment of those programs. */
  readonly env: Record<string, string>;
  /** @param offset such as "+1y" or "+0", see faketime(1) */
  set(offset: string): void;
}

/** For a test that needs faketime. */
export function settableClock(): SetClock {
  const library = faketimeLibrary();
  if (library === undefined) throw new Error("faketime is not installed");
  const folder = makeFolder();
  const file = folder.file("clock");
  const set = (offset: string) => {
    writeFileSync(`${file}-new`, `${offset}\n`);
    renameSync(`${file}-new`, file);
  };
  set("+0");
  removeStaleFaketime();
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    },
    set,
    [Symbol.dispose]() {
      folder[Symbol.dispose]();
      removeStaleFaketime();
    },
  };
}

/**
 * libfaketime names a semaphore and a piece of shared memory after each process, and a process that is killed leaves
 * them: a later one of the same number would then complain (libfaketime's README says to remove them).
 */
function removeStaleFaketime(): void {
  for (const name of new Bun.Glob("{sem.faketime_sem_,faketime_shm_}*").scanSync("/dev/shm")) {
    const pid = name.slice(name.lastIndexOf("_") + 1);
    if (!existsSync(`/proc/${pid}`)) rmSync(join("/dev/shm", name), { force: true });
  }
}
