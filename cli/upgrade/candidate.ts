/** The executable that is to take the place of this one: copied beside it, and tried there. */
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isTqError, messageOf, TqError } from "../../src/errors.ts";
import { isProcess } from "../../src/process-stat.ts";
import { removeDraft } from "../../src/whole-file.ts";
import { isFull, refusalOf, refusalWords } from "../../src/write-refusal.ts";

export interface Build {
  /** As `tq version` says it. */
  readonly version: string;
  /** The version of the schema that it brings a database to. */
  readonly schema: number;
  /** The same of PostgreSQL; null: it knows no server. */
  readonly serverSchema: number | null;
}

export class Candidate implements Disposable {
  /** The copy. */
  readonly path: string;
  /** The file as the user has named it. */
  readonly #file: string;
  readonly #target: string;

  /** @throws TqError "invalid" or "full" where it cannot be copied beside the target. */
  constructor(file: string, target: string) {
    this.#file = file;
    this.#target = target;
    this.path = `${target}.new-${process.pid}`;
    checkFile(file);
    try {
      removeLeft(target);
      copyFileSync(file, this.path);
      const { mode, uid, gid } = statSync(target);
      if (process.getuid?.() === 0) chownSync(this.path, uid, gid);
      chmodSync(this.path, mode & 0o7777);
      flush(this.path);
    } catch (error) {
      removeDraft(this.path);
      throw cannotWrite(target, error);
    }
  }

  /** True where it is the same build, byte for byte. */
  get isSame(): boolean {
    return readFileSync(this.path).equals(readFileSync(this.#target));
  }

  /** Runs it. @throws TqError "invalid" where it is no tq for this machine. */
  build(): Build {
    const [mine, its] = [systemOf(this.#target), systemOf(this.path)];
    if (its === null) throw refused(this.#file, "it is no executable");
    if (its !== mine) throw refused(this.#file, `it is made for ${its}, and this tq for ${mine}`);
    const ran = run(this.path);
    const build = buildIn(ran.stdout);
    if (build !== null) return build;
    const why = ran.stderr.trim().split("\n").at(-1) || "it does not say what tq version says";
    throw refused(this.#file, `it does not run here as a tq: ${why}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { force: true });
  }
}

/** Removes the copies of processes that were killed before they could. */
function removeLeft(target: string): void {
  const start = `${basename(target)}.new-`;
  for (const name of readdirSync(dirname(target))) {
    const pid = name.startsWith(start) ? name.slice(start.length) : "";
    if (!/^[1-9]\d*$/.test(pid) || isProcess(Number(pid))) continue;
    rmSync(join(dirname(target), name), { force: true });
  }
}

function checkFile(file: string): void {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) throw new TqError("not_found", `There is no file ${file}`);
    if (!stat.isFile()) throw refused(file, "it is no file");
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw isTqError(error) ? error : refusalOf(`Cannot read ${file}`, resolve(file), error);
  }
}

/** Writes the file or the folder to the disk: a power cut must not leave an empty one under the name of tq. */
export function flush(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function cannotWrite(target: string, error: unknown): TqError {
  const why = refusalWords(`${target}.new`, error, "put sudo before the command");
  const code = isFull(error) ? "full" : "invalid";
  return new TqError(code, `Cannot replace ${target}: ${why}`, { cause: error });
}

function refused(file: string, why: string): TqError {
  return new TqError("invalid", `Cannot upgrade to ${file}: ${why}`);
}

const LONGEST_RUN_MS = 30_000;

function run(path: string): { stdout: string; stderr: string } {
  try {
    const { stdout, stderr } = Bun.spawnSync([path, "version", "--json"], {
      stdin: "ignore",
      timeout: LONGEST_RUN_MS,
    });
    return { stdout: stdout.toString(), stderr: stderr.toString() };
  } catch (error) {
    return { stdout: "", stderr: messageOf(error) };
  }
}

function buildIn(answer: string): Build | null {
  try {
    const said = JSON.parse(answer) as Readonly<Record<string, unknown>>;
    const { tq, schema, postgres_schema: onServer } = said;
    if (typeof tq !== "string" || typeof schema !== "number") return null;
    return { version: tq, schema, serverSchema: typeof onServer === "number" ? onServer : null };
  } catch {
    return null; // it is another program
  }
}

const PROCESSORS: Readonly<Record<number, string>> = { 62: "x64", 183: "arm64" };
const MAC_PROCESSORS: Readonly<Record<number, string>> = {
  0x0100_0007: "x64",
  0x0100_000c: "arm64",
};

/** The system and the processor that an executable is made for, by its first bytes; null: it is none. */
function systemOf(path: string): string | null {
  const head = headOf(path);
  if (head.toString("latin1", 0, 4) === "\u007fELF") {
    const processor = head.readUInt16LE(18);
    return `Linux on ${PROCESSORS[processor] ?? `processor ${processor}`}`;
  }
  if (head.readUInt32LE(0) === 0xfeed_facf) {
    const processor = head.readUInt32LE(4);
    return `macOS on ${MAC_PROCESSORS[processor] ?? `processor ${processor}`}`;
  }
  return head.toString("latin1", 0, 2) === "MZ" ? "Windows" : null;
}

function headOf(path: string): Buffer {
  const head = Buffer.alloc(20);
  const descriptor = openSync(path, "r");
  try {
    readSync(descriptor, head, 0, head.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return head;
}
