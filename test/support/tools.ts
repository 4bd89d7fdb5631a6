/**
 * The table of all tools that tests need on the machine, beside Bun. A test names its tools with needs.ts; the test
 * command reads the table to install the missing packages, and to say how the skipped tests can run.
 */
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresPrograms } from "./postgres-server.ts";

export interface Tool {
  /** The Debian package to install; null for a property of the system or a right of the user. */
  readonly package: string | null;
  /** Its purpose in tests, as the words after "to". */
  readonly use: string;
  /** True when the machine has it. */
  isThere(): boolean;
  /** True when it works here: a container may forbid it. */
  works?(): boolean;
  /** The reason for skipping its tests; by default `NAME is not installed`, or `NAME does not work here`. */
  readonly reason?: string;
  /** The way to run them; by default the installation of the package. */
  readonly remedy?: string;
}

function program(name: string, package_: string, use: string, trial?: readonly string[]): Tool {
  const tool = { package: package_, use, isThere: () => Bun.which(name) !== null };
  return trial ? { ...tool, works: () => succeeds([name, ...trial]) } : tool;
}

/** Debian's Python: another one, first on the PATH, does not have the modules of Debian's packages. */
export const DEBIAN_PYTHON = "/usr/bin/python3";

function module(name: string, package_: string): Tool {
  const isThere = () => succeeds([DEBIAN_PYTHON, "-c", `import ${name}`]);
  return { package: package_, use: "push by plain SQL from Python", isThere };
}

/** The arguments of a trial, with all flags that tests use: an old strace lacks some. */
const STRACE_TRIAL = [
  "-f",
  "--seccomp-bpf",
  "-qq",
  "-o",
  "/dev/null",
  "-e",
  "trace=fdatasync",
  "true",
];

export const TOOLS = {
  chattr: {
    package: "e2fsprogs",
    use: "make a file immutable",
    isThere: () => Bun.which("chattr") !== null,
    works: mayChangeAttributes,
  },
  bash: program("bash", "bash", "complete command lines"),
  curl: program("curl", "curl", "send the README's requests"),
  faketime: {
    package: "libfaketime",
    use: "set the clock of a program",
    isThere: () => faketimeLibrary() !== undefined,
  },
  fish: program("fish", "fish", "complete command lines"),
  git: program("git", "git", "list the files that --coverage counts, and name a build"),
  man: program("man", "man-db", "read the manual page"),
  mandoc: program("mandoc", "mandoc", "check the manual page"),
  openssl: program("openssl", "openssl", "make a certificate"),
  prlimit: program("prlimit", "util-linux", "make a disk refuse writes"),
  python3: program("python3", "python3", "open the database by another program", [
    "-c",
    "import sqlite3",
  ]),
  chromium: program("chromium", "chromium", "look at the dashboard", ["--version"]),
  postgres: {
    package: "postgresql",
    use: "run the same models on PostgreSQL",
    isThere: () => postgresPrograms() !== null,
    works: () => !isRoot() || Bun.which("setpriv") !== null,
  },
  pgbouncer: program("pgbouncer", "pgbouncer", "put a pooler before PostgreSQL"),
  psql: program("psql", "postgresql-client", "push by plain SQL"),
  psycopg2: module("psycopg2", "python3-psycopg2"),
  psycopg: module("psycopg", "python3-psycopg"),
  trytond: module("trytond", "tryton-server"),
  php: program("php", "php-cli", "push by plain SQL"),
  pdo_pgsql: {
    package: "php-pgsql",
    use: "push by plain SQL from PHP",
    isThere: () => succeeds(["php", "-r", "exit((int) !extension_loaded('pdo_pgsql'));"]),
  },
  promtool: program("promtool", "prometheus", "check metrics", ["--version"]),
  setpriv: {
    package: "util-linux",
    use: "take root's rights over files from a program",
    isThere: () => !isRoot() || Bun.which("setpriv") !== null,
    works: () => !isRoot() || succeeds([...OBEYING, "true"]),
  },
  root: {
    package: null,
    use: "start programs of another user",
    isThere: () => isRoot() && succeeds([...AS_ANOTHER_USER, "true"]),
    reason: "this user is not root, or lacks setpriv",
    remedy: "run the tests as root, with util-linux installed",
  },
  sqlite3: program("sqlite3", "sqlite3", "open the database in a shell"),
  zsh: program("zsh", "zsh", "complete command lines"),
  strace: program("strace", "strace", "watch, delay and refuse system calls", STRACE_TRIAL),
  "systemd-analyze": program("systemd-analyze", "systemd", "check the units of services", [
    "--version",
  ]),
  unshare: program("unshare", "util-linux", "start a program as the first of a container", [
    "--pid",
    "--fork",
    "true",
  ]),
  Linux: {
    package: null,
    use: "read /proc",
    isThere: () => process.platform === "linux",
    reason: "this system is not Linux",
    remedy: "run the tests on Linux",
  },
  mount: {
    package: null,
    use: "fill a disk",
    isThere: mayMount,
    reason: "this user may not mount a file system here",
    remedy: "run the tests as root, where root may mount file systems",
  },
} satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

/** "broken": the machine has the tool, but it does not work here, so an installation would not help. */
export type State = "missing" | "broken" | "fine";

export function stateOf(tool: Tool): State {
  if (!tool.isThere()) return "missing";
  return tool.works?.() === false ? "broken" : "fine";
}

/** The reason why a test that needs this tool cannot run; null if it can. */
export function reasonAgainst(name: string, tool: Tool, state = stateOf(tool)): string | null {
  if (state === "fine") return null;
  return (
    tool.reason ?? `${name} ${state === "missing" ? "is not installed" : "does not work here"}`
  );
}

/** Put before a command, makes it obey the permissions of files, which root does not. */
export const OBEYING = isRoot() ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];

/** A user and a group without rights, whom no system gives files. */
export const ANOTHER_USER = 65_533;

/** Put before a command, starts it as another user. It needs root. */
export const AS_ANOTHER_USER = [
  "setpriv",
  `--reuid=${ANOTHER_USER}`,
  `--regid=${ANOTHER_USER}`,
  "--clear-groups",
];

/** Put before a command, with `python3 -c`: gives it as standard error, or as both outputs, a socket that nobody reads. */
export const UNREAD_ERROR = unread("stderr=b");
export const UNREAD_OUTPUTS = unread("stdout=b, stderr=b");

function unread(streams: string): string {
  return `import socket, subprocess, sys; a, b = socket.socketpair(); sys.exit(subprocess.call(sys.argv[1:], ${streams}))`;
}

/** Put before a command, with `python3 -c`: gives it a terminal that nobody reads. */
export const UNREAD_TERMINAL = `import os, pty, sys
pid, master = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;

/** The path of the library that sets a program's clock; each distribution has another folder for it. */
export function faketimeLibrary(): string | undefined {
  const folders = ["lib/*/faketime", "lib/faketime", "lib64/faketime", "local/lib/faketime"];
  const found = folders.flatMap((folder) => {
    const library = new Bun.Glob(`${folder}/libfaketimeMT.so.1`);
    return [...library.scanSync({ cwd: "/usr", absolute: true })];
  });
  return found[0];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "tq-test-"));
  const mounted = succeeds(["mount", "-t", "tmpfs", "tmpfs", folder]);
  if (mounted) succeeds(["umount", "-l", folder]);
  rmdirSync(folder);
  return mounted;
}

/** False for users other than root, and on file systems without attributes. */
function mayChangeAttributes(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "tq-test-"));
  const changed = succeeds(["chattr", "+i", folder]);
  if (changed) succeeds(["chattr", "-i", folder]);
  rmdirSync(folder);
  return changed;
}

/** False also for a program that is not installed. */
function succeeds(command: string[]): boolean {
  if (Bun.which(command[0] ?? "") === null) return false;
  const { exitCode } = Bun.spawnSync(command, { stdio: ["ignore", "ignore", "ignore"] });
  return exitCode === 0;
}
