/** The file that holds the process id of a worker, for service managers. */
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { TqError } from "../../src/errors.ts";
import { giveOwner } from "../../src/file-owner.ts";
import { isProcess } from "../../src/process-stat.ts";
import { refusalOf } from "../../src/write-refusal.ts";

/**
 * Writes the id of this process. It replaces the file of a dead process, even when another program has that id by now,
 * as often happens after a power cut.
 *
 * @throws TqError "conflict" when the file belongs to a living process, "invalid" or "full" when it holds anything but
 * an id or cannot be written.
 */
export function writePidfile(path: string): void {
  const pid = readPid(path); // null: no file, one without an id in it, or one that cannot be read
  if (pid === null && isNonEmptyFile(path)) {
    throw new TqError(
      "invalid",
      `Cannot start: ${path} exists and is not a pid file; give --pidfile another path, or remove it`,
    );
  }
  if (pid !== null && pid !== process.pid && mayHaveWritten(pid, path)) {
    throw new TqError(
      "conflict",
      `Cannot start: the pid file ${path} belongs to process ${pid}, which is alive; stop it, or give --pidfile another path`,
    );
  }
  try {
    writeFileSync(path, `${process.pid}\n`);
    giveOwner(path, dirname(path));
  } catch (error) {
    throw refusalOf(`Cannot write the pid file ${path}`, path, error); // an empty file that stays counts as none
  }
}

/** Removes the file, unless another process has taken it over. */
export function removePidfile(path: string | undefined): void {
  if (path !== undefined && readPid(path) === process.pid) rmSync(path, { force: true });
}

function readPid(path: string): number | null {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^0*[1-9]\d*$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}

/** False for an empty file, which a process leaves when it is killed while it writes. */
function isNonEmptyFile(path: string): boolean {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && stat.isFile() && stat.size > 0;
  } catch {
    return false; // to write it says why it cannot be seen
  }
}

/**
 * True when the process may be the worker that wrote the file. Its command line tells, on systems that have it:
 * https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html
 */
function mayHaveWritten(pid: number, path: string): boolean {
  if (!isProcess(pid)) return false;
  try {
    return namesPidfile(readFileSync(`/proc/${pid}/cmdline`, "utf8"), resolve(path));
  } catch {
    return true; // the system does not tell: take it for the worker
  }
}

/** True when a command line names this pid file. Of a relative path only the name counts: its folder is unknown. */
function namesPidfile(commandLine: string, path: string): boolean {
  const [, ...files] = `\0${commandLine}`.split(/\0--pidfile[=\0]/);
  return files.some((rest) => {
    const [file = ""] = rest.split("\0");
    return isAbsolute(file) ? resolve(file) === path : basename(file) === basename(path);
  });
}
