/** Installs the Debian packages that tests need, if this user may. */

/** An apt-get that takes longer is killed. */
const APT_LIMIT_S = 240;

/** The folders of Debian's programs. Some PATHs lack sbin, without which dpkg does not run. */
const PROGRAM_FOLDERS = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
];

/** The facts that decide whether packages can be installed. */
export interface Machine {
  readonly isRoot: boolean;
  has(program: string): boolean;
  /** True when sudo works without a password. */
  maySudo(): boolean;
}

const machine: Machine = {
  isRoot: process.getuid?.() === 0,
  has: (program) => Bun.which(program) !== null,
  maySudo: () => {
    const { exitCode } = Bun.spawnSync(["sudo", "-n", "true"], { timeout: 10_000 });
    return exitCode === 0;
  },
};

/** The prefix that makes root run a command, or the reason why this machine cannot install packages. */
export function rootPrefix(on: Machine = machine): { prefix: string[] } | { refusal: string } {
  if (!on.has("apt-get")) return { refusal: "there is no apt-get here" };
  if (on.isRoot) return { prefix: [] };
  if (!on.has("sudo")) return { refusal: "this user is not root, and there is no sudo" };
  if (on.maySudo()) return { prefix: ["sudo", "-n"] };
  return { refusal: "this user is not root, and sudo asks for a password" };
}

/** Installs the packages without a question. Resolves to null, or to the reason why that failed. */
export async function install(packages: string[], prefix: string[]): Promise<string | null> {
  const apt = aptGet(prefix);
  // --reinstall repairs an installed package that has lost a file.
  const installing = ["install", "--reinstall", "--yes", "--no-install-recommends", ...packages];
  const first = await reasonOf(apt, installing);
  // Another apt-get that has kept the lock for so long (DPkg::Lock::Timeout) would keep the update out too.
  if (first === null || /\block\b/.test(first)) return first;
  await reasonOf(apt, ["update"]); // the lists of packages may be missing or old
  return reasonOf(apt, installing);
}

/** The PATH on which an installed program is found, although the user's does not have Debian's folders. */
export function completePath(path = process.env["PATH"] ?? ""): string {
  const folders = path.split(":").filter((folder) => folder !== "");
  return [...new Set([...folders, ...PROGRAM_FOLDERS])].join(":");
}

function aptGet(prefix: string[]): string[] {
  const env = ["env", `PATH=${completePath()}`, "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"];
  const limit = ["timeout", "--kill-after=10", `${APT_LIMIT_S}`];
  const options = ["DPkg::Lock::Timeout=30", "Acquire::Retries=1", "Acquire::http::Timeout=20"];
  return [...prefix, ...env, ...limit, "apt-get", "-q", ...options.flatMap((it) => ["-o", it])];
}

/** Runs apt-get. Resolves to null, or to the reason why it failed. */
async function reasonOf(apt: string[], args: string[]): Promise<string | null> {
  const child = Bun.spawn([...apt, ...args], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code === 0) return null;
  // The status of `timeout` when it has ended the command.
  if (code === 124) return `it took longer than ${APT_LIMIT_S} s`;
  const said = errors.split("\n").findLast((line) => line.startsWith("E: "));
  return said?.slice("E: ".length) ?? `apt-get exited with ${code}`;
}
