/** The file that holds the process id of a worker, for service managers. */
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, isAbsolute, resolve } from "node:path";
import { TqError } from "../../src/errors.ts";

/**
 * Writes this process's id; a file that a dead process left is replaced, also when its number is another
 * program's by now, as it often is after a power cut.
 *
 * @throws TqError "conflict" when a living process has it, "invalid" when it holds anything else, or cannot be
 * written.
 */
export function writePidfile(path: string): void {
  const pid = readPid(path);
  if (pid === null && holdsMore(path)) {
    throw new TqError(
      "invalid",
      `Cannot start: ${path} is there and is no pid file; give --pidfile another path, or remove it`,
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
  } catch (error) {
    throw new TqError("invalid", `Cannot write the pid file ${path}: ${(error as Error).message}`);
  }
}

/** Removes the file, if it is still ours. */
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

/** A process that was killed while it wrote has left an empty file. */
function holdsMore(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && stat.size > 0;
}

/** Where its command line can be read (https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html), it says more than its number. */
function mayHaveWritten(pid: number, path: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code !== "EPERM") return false;
  }
  try {
    return names(readFileSync(`/proc/${pid}/cmdline`, "utf8"), resolve(path));
  } catch {
    return true;
  }
}

/** True when a command line has this pid file: of a relative path the name counts, as its folder may be another by now. */
function names(commandLine: string, path: string): boolean {
  const [, ...files] = `\0${commandLine}`.split(/\0--pidfile[=\0]/);
  return files.some((rest) => {
    const [file = ""] = rest.split("\0");
    return isAbsolute(file) ? resolve(file) === path : basename(file) === basename(path);
  });
}
